"""Records as JSON values with stable keys, as documented in ``docs/reference/cli.md``. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from math import isfinite
from typing import Any

from ensession.display.views import status_of
from ensession.model import (
    Binding,
    EnvironmentDifference,
    Execution,
    ExecutionId,
    Graph,
    GraphVersion,
    Output,
    Plan,
    Problem,
    Step,
    Version,
    VersionId,
)


def execution_record(execution: Execution, changed: Collection[str]) -> dict[str, Any]:
    """Return an execution without its outputs."""
    return {
        "id": execution.id,
        "parent": execution.parent,
        "run": execution.run,
        "kind": execution.kind.value,
        "code": execution.code,
        "cell_id": execution.cell_id,
        "started_at": execution.started_at,
        "runtime_s": execution.runtime_s,
        "capture_s": execution.capture_s,
        "outcome": execution.outcome.value,
        "error": execution.error,
        "no_replay": execution.no_replay,
        "caution": execution.caution,
        "not_captured": execution.not_captured,
        "digest": execution.digest.hex(),
        "changed": sorted(changed),
    }


def output_record(output: Output) -> dict[str, Any]:
    """Return an output in the notebook format."""
    return {"output_type": output.kind, **output.data}


def binding_record(binding: Binding, missing: Mapping[VersionId, str]) -> dict[str, Any]:
    """Return a variable of a state and whether it would come back."""
    version, summary = binding.version, binding.summary
    return {
        "name": binding.name,
        "type": summary.type_name,
        "shape": summary.shape,
        "preview": summary.preview,
        "execution": binding.execution,
        "version": version.id,
        "made_by": version.execution,
        "shares_with": sorted(set(version.names) - {binding.name}),
        "n_bytes": version.n_bytes,
        "status": status_of(version, missing),
        "reason": missing.get(version.id),
        "unstorable": version.unstorable,
    }


def version_record(version: Version | GraphVersion) -> dict[str, Any]:
    """Return what identifies a version."""
    return {
        "version": version.id,
        "names": list(version.names),
        "made_by": version.execution,
        "n_bytes": version.n_bytes,
    }


def difference_record(found: EnvironmentDifference) -> dict[str, Any]:
    """Return a difference between environments; null for a package that is missing here."""
    return {"kind": found.kind.value, "name": found.name, "recorded": found.recorded, "here": found.here}


def plan_record(plan: Plan, graph: Graph) -> dict[str, Any]:
    """Return a plan; an alternative that is impossible costs null."""
    return {
        "target": plan.target or 0,
        "cost_s": plan.cost_s,
        "load_all_s": _finite(plan.load_all_s),
        "run_all_s": _finite(plan.run_all_s),
        "steps": [_step_record(step, graph) for step in plan.steps],
        "missing": [{**version_record(graph.versions[v]), "reason": reason} for v, reason in plan.missing.items()],
    }


def problem_records(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return what a check found."""
    return [{"where": p.where, "what": p.what, "variables": list(p.variables)} for p in problems]


def state_number(execution: ExecutionId | None) -> int:
    """Return the number of a state; that of the empty one is 0."""
    return execution or 0


def _step_record(step: Step, graph: Graph) -> dict[str, Any]:
    version = None if step.version is None else version_record(graph.versions[step.version])
    return {
        "kind": step.kind.value,
        "execution": step.execution,
        "version": step.version,
        "names": version["names"] if version else [],
        "n_bytes": version["n_bytes"] if version else None,
        "cost_s": step.cost_s,
    }


def _finite(seconds: float) -> float | None:
    return seconds if isfinite(seconds) else None
