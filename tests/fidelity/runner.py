"""Run a family of the corpus in a real kernel: record, SIGKILL, restore in a fresh kernel, compare, live on, compare."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.notebooks.trial import audits
from ensession.config import Config
from ensession.store import Store
from tests.fidelity.kind import Family, Kind, Library
from tests.fidelity.plain import INSIDE, look_plainly
from tests.kernels import Kernel

NOTHING_CHANGES = 'exec("")'
"""Could change everything, so that everything is looked at."""
HEAD = "__import__('ensession').current_session().head"
LOSSES = "__import__('json').dumps(__import__('ensession').current_session().losses())"
LOST = "(not there)"


@dataclass(frozen=True)
class Result:
    """What became of one kind.

    Attributes
    ----------
    missed : tuple[str, ...]
        Modifications that left no new version of a variable which they changed.
    false_changes : tuple[str, ...]
        Cells that left a new version of an object which they did not change.
    is_assumed : bool
        The store says of its versions that they are assumed changed whenever they are touched.
    fate : str
        How it was restored.
    announced : str
        Why it was said, before the kill, that it would not come back; empty if it was not.
    difference : str
        What was compared, before and after; empty for equal.
    later : str
        The same after the modifications were made once more: what shared memory or an object shares it still.
    """

    library: str
    kind: Kind
    missed: tuple[str, ...] = ()
    false_changes: tuple[str, ...] = ()
    is_assumed: bool = False
    fate: str = ""
    announced: str = ""
    difference: str = ""
    later: str = ""

    @property
    def is_false(self) -> bool:
        """Whether a change was reported that did not happen, and not as an assumption."""
        return bool(self.false_changes) and not self.is_assumed

    @property
    def problems(self) -> list[str]:
        """What must not be: misses, and differences that nobody announced."""
        found = [f"missed: {code}" for code in self.missed]
        if self.difference and not self.announced:
            found.append(f"not equal ({self.fate}): {self.difference}")
        elif self.later and not self.announced:
            found.append(f"not equal once it lives on ({self.fate}): {self.later}")
        return found


@dataclass
class _Case:
    """A kind while it is being examined."""

    library: str
    name: str
    kind: Kind
    original: Kind
    changed: tuple[frozenset[str], ...]
    cells: dict[str, str] = field(default_factory=dict)

    def owns(self, variable: str) -> bool:
        return variable == self.name or variable.startswith(f"{self.name}_")


def present(family: Family) -> list[Library]:
    """Return the libraries of a family that are installed."""
    return [library for library in family.libraries if library.is_here]


@dataclass(frozen=True)
class Examined:
    """What was found out about a family.

    Attributes
    ----------
    wrong : tuple[str, ...]
        What is wrong with its kinds themselves.
    audits : tuple[str, ...]
        Changes that nothing in the code showed, as far as that was watched for.
    """

    results: tuple[Result, ...]
    wrong: tuple[str, ...]
    audits: tuple[str, ...]

    @property
    def problems(self) -> list[str]:
        """What must not be, one line each."""
        found = [f"{one.library}, {one.kind.name}: {what}" for one in self.results for what in one.problems]
        unexplained = [one for one in self.results if one.is_false and not one.kind.note]
        found += [f"{one.library}, {one.kind.name}: unexplained: {one.false_changes}" for one in unexplained]
        return [*found, *self.wrong, *(f"audit: {what}" for what in self.audits)]


def run_family(family: Family, folder: Path, words: Sequence[str] = ()) -> Examined:
    """Record, kill, restore and compare all kinds of a family whose libraries are here.

    Parameters
    ----------
    family : Family
    folder : Path
        Takes the store and the homes of the kernels.
    words : Sequence of str
        What is said to ``%ens`` before recording starts.

    Returns
    -------
    Examined

    Raises
    ------
    CellFailed
        A kind's own code does not run.
    """
    libraries = present(family)
    plain = look_plainly(libraries, folder)
    kinds = [(one, kind) for one in libraries for kind in one.kinds]
    cases = [
        _Case(library.name, f"k{number}", kind.named(f"k{number}"), kind, changed)
        for number, ((library, kind), changed) in enumerate(zip(kinds, plain.changed, strict=True))
    ]
    home, work, store = folder / "home", folder / "work", folder / "corpus.ens"
    with _kernel(work, home) as kernel:
        kernel.run("\n".join(["%load_ext ensession", *(f"%ens {word}" for word in words), f"%ens start {store}"]))
        _record(kernel, libraries, cases)
        losses: dict[str, str] = json.loads(ast.literal_eval(kernel.value(LOSSES)))
        changes, head = _changes(store), kernel.value(HEAD)
        before, lived = _forms(kernel, cases), _live_on(kernel, cases)
        kernel.kill()
    with _kernel(work, home) as kernel:
        kernel.run(f"%load_ext ensession\n%ens restore {store} @{head}")
        fates, _ = kernel.last_restore()
        after, again = _forms(kernel, cases), _live_on(kernel, cases)
    results = [
        _result(
            case, changes, fates, losses, (before[case.name], after[case.name]), (lived[case.name], again[case.name])
        )
        for case in cases
    ]
    return Examined(tuple(results), plain.wrong, tuple(_readable(what, cases) for what in audits(store)))


def _readable(audit: str, cases: Sequence[_Case]) -> str:
    """Return what an audit said, with the kinds whose variables it names."""
    named = [f"{case.library}, {case.original.name}" for case in cases if re.search(rf"\b{case.name}(?=[ _-])", audit)]
    return f"{audit} ({'; '.join(named)})"


def _kernel(work: Path, home: Path) -> Kernel:
    return Kernel(work, home, env={"PYTHONPATH": str(INSIDE), "PYTHONHASHSEED": "random", "MPLBACKEND": "agg"})


def _record(kernel: Kernel, libraries: list[Library], cases: list[_Case]) -> None:
    """Make everything; read everything; change one object after the other. Everything is looked at in between."""
    for library in libraries:
        if library.imports:
            kernel.run(library.imports, cell_id=f"imports of {library.name}")
    for step in ("make", "use"):
        for case in cases:
            _run(kernel, case, step, getattr(case.kind, step))
        kernel.run(NOTHING_CHANGES, cell_id=f"nothing, after {step}")
    for case in cases:
        for number, code in enumerate(case.kind.modify):
            _run(kernel, case, f"modify{number}", code)
    kernel.run(NOTHING_CHANGES, cell_id="nothing, in the end")


def _run(kernel: Kernel, case: _Case, step: str, code: str) -> None:
    cell_id = f"{case.name}-{step}"
    case.cells[step] = cell_id
    kernel.run(f"{code};", cell_id=cell_id)  # nothing is shown, and so kept by the shell


def _live_on(kernel: Kernel, cases: list[_Case]) -> dict[str, str]:
    """Make each modification once more, though some can be made only once; return the form of each object."""
    for case in cases:
        for code in case.kind.modify:
            kernel.execute(f"{code};")
    return _forms(kernel, cases)


def _forms(kernel: Kernel, cases: list[_Case]) -> dict[str, str]:
    """Return the form of each object, evaluated unseen: no cell, no hooks."""
    expressions = {case.name: f"__import__('corpus_form').form(({case.kind.same}))" for case in cases}
    reply = kernel.run("", silent=True, expressions=expressions)
    return {name: _text(result) for name, result in reply.user_expressions.items()}


def _text(result: Mapping[str, Any]) -> str:
    if result["status"] == "ok":
        return str(ast.literal_eval(result["data"]["text/plain"]))
    return f"{LOST} {result['ename']}: {result['evalue']}"


def _changes(store: Path) -> dict[str, dict[str, bool]]:
    """Return which variables each cell gave a new version, and whether that version is an assumption."""
    with Store.open_read_only(store, Config()) as opened:
        history = opened.history
        cells = {one.id: one.cell_id or f"between cells ({one.kind.value})" for one in history.executions()}
        found: dict[str, dict[str, bool]] = {cell: {} for cell in cells.values()}
        for name in history.state(history.head()):
            for binding in history.versions_of(name):
                is_assumed = binding.version.fingerprint is None
                found[cells[binding.execution]][name] = is_assumed
    return found


def _result(
    case: _Case,
    changes: Mapping[str, Mapping[str, bool]],
    fates: Mapping[str, str],
    losses: Mapping[str, str],
    restored: tuple[str, str],
    lived: tuple[str, str],
) -> Result:
    own = {cell: {n: a for n, a in names.items() if case.owns(n)} for cell, names in changes.items()}
    changing = [case.cells["make"], *(cell for step, cell in case.cells.items() if step.startswith("modify"))]
    modified = zip(changing[1:], case.original.modify, case.changed, strict=True)
    assumed = any(is_assumed for names in own.values() for is_assumed in names.values())
    unfounded = tuple(cell for cell, names in own.items() if names and cell not in changing)
    return Result(
        case.library,
        case.original,
        missed=tuple(what for cell, code, names in modified for what in _missed(case, code, names, own[cell])),
        false_changes=unfounded,
        is_assumed=assumed,
        fate=", ".join(dict.fromkeys(fate for name, fate in sorted(fates.items()) if case.owns(name))),
        announced="; ".join(dict.fromkeys(reason for name, reason in losses.items() if case.owns(name))),
        difference=_difference(*restored),
        later="" if lived[0] == lived[1] or case.original.is_by_chance else f"{lived[0]}  →  {lived[1]}",
    )


def _difference(before: str, after: str) -> str:
    return "" if before == after and not before.startswith(LOST) else f"{before}  →  {after}"


def _missed(case: _Case, code: str, changed: frozenset[str], seen: Mapping[str, bool]) -> list[str]:
    """Return what a modification changed unseen: every variable whose form it changes, and at least one, is seen."""
    unseen = sorted(name for name in changed if f"{case.name}{name}" not in seen)
    return [f"{code} (obj{name})" for name in unseen] or ([] if seen else [code])
