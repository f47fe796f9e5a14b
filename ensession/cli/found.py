"""What browsing finds as JSON values with stable keys, as documented in ``docs/reference/cli.md``. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import Any

from ensession.lineage import Use
from ensession.model import Binding, Execution, Hit, QueryRows, Ref, StateDiff, VariableDiff


def ref_record(ref: Ref) -> dict[str, Any]:
    """Return a tag or branch."""
    return {"name": ref.name, "kind": ref.kind.value, "state": ref.execution, "since": ref.at}


def version_record(binding: Binding) -> dict[str, Any]:
    """Return what a name was bound to."""
    version, summary = binding.version, binding.summary
    return {
        "execution": binding.execution,
        "version": version.id,
        "made_by": version.execution,
        "type": summary.type_name,
        "shape": summary.shape,
        "preview": summary.preview,
        "n_bytes": version.n_bytes,
        "shares_with": sorted(set(version.names) - {binding.name}),
        "is_stored": version.payload is not None,
        "unstorable": version.unstorable,
    }


def lineage_record(executions: Iterable[Execution], uses: Iterable[Use]) -> dict[str, Any]:
    """Return executions and who used what of whom."""
    return {
        "executions": [
            {
                "id": one.id,
                "kind": one.kind.value,
                "code": one.code,
                "outcome": one.outcome.value,
                "runtime_s": one.runtime_s,
            }
            for one in executions
        ],
        "uses": [{"execution": use.user, "made_by": use.maker, "names": list(use.names)} for use in uses],
    }


def hit_record(hit: Hit) -> dict[str, Any]:
    """Return a hit of a search."""
    matches = [part for part, is_match in hit.parts if is_match]
    return {"execution": hit.execution, "place": hit.place.value, "text": hit.text, "matches": matches}


def rows_record(found: QueryRows) -> dict[str, Any]:
    """Return the rows of a query; bytes are hexadecimal, infinite numbers null."""
    return {"columns": list(found.columns), "rows": [[_value(value) for value in row] for row in found.rows]}


def diff_record(diff: StateDiff) -> dict[str, Any]:
    """Return what differs between two states."""
    return {
        "before": diff.left or 0,
        "after": diff.right or 0,
        "ancestor": diff.ancestor or 0,
        "only_before": [one.id for one in diff.only_left],
        "only_after": [one.id for one in diff.only_right],
        "variables": [_variable_record(one) for one in diff.variables],
        "code": list(diff.code),
    }


def _variable_record(one: VariableDiff) -> dict[str, Any]:
    value = one.value
    return {
        "name": one.name,
        "change": one.kind.value,
        "version_before": None if one.before is None else version_record(one.before),
        "version_after": None if one.after is None else version_record(one.after),
        "n_new_bytes": one.n_new_bytes,
        "is_equal": None if value is None else value.is_equal,
        "difference": None if value is None else value.headline,
        "details": [] if value is None else list(value.details),
        "not_loaded": one.not_loaded or None,
    }


def _value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return None if isinstance(value, float) and not isfinite(value) else value
