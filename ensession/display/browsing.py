"""What browsing finds, as tables: versions, hits, rows, names of states, lineage. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ensession.display.harmless import first_line
from ensession.display.tables import Column, Table
from ensession.display.units import duration, point_in_time, size
from ensession.display.views import status_of
from ensession.model import Binding, Execution, ExecutionId, Hit, QueryRows, Ref, VersionId

if TYPE_CHECKING:
    from ensession.lineage import Use

_MAX_ROWS = 200
_MAX_CELL_CHARS = 200


def versions_table(name: str, versions: Sequence[Binding], codes: Mapping[ExecutionId, str]) -> Table:
    """Show everything that a name was bound to, oldest first.

    Parameters
    ----------
    codes : mapping of ExecutionId to str
        Code of the executions that bound it.
    """
    columns = (
        Column("cell", right=True),
        Column("type", elastic=True),
        Column("shape"),
        Column("size", right=True),
        Column("preview", elastic=True),
        Column("comes back"),
        Column("code", elastic=True, mono=True),
    )
    rows = tuple(
        (
            str(one.execution),
            one.summary.type_name,
            one.summary.shape,
            size(one.version.n_bytes) if one.version.n_bytes else "",
            one.summary.preview,
            status_of(one.version, {}),
            first_line(codes.get(one.execution, "")),
        )
        for one in versions
    )
    notes = () if rows else (f"{name} was never bound.",)
    return Table(f"Versions of {name}", columns, rows, notes)


def variable_table(
    binding: Binding, missing: Mapping[VersionId, str], maker: Execution, reads: Iterable[str], readers: Iterable[int]
) -> Table:
    """Show one variable of a state: what it is, where it comes from, and whether it comes back.

    Parameters
    ----------
    maker : Execution
        That made the version.
    reads : iterable of str
        What the maker used, such as ``df@3``.
    readers : iterable of int
        Executions that used the version.
    """
    version, summary = binding.version, binding.summary
    shared = [name for name in version.names if name != binding.name]
    facts = (
        ("type", summary.type_name),
        ("shape", summary.shape),
        ("size", size(version.n_bytes) if version.n_bytes else ""),
        ("preview", summary.preview),
        ("bound by", f"cell {binding.execution}"),
        ("made by", f"cell {maker.id}: {first_line(maker.code)}"),
        ("made from", ", ".join(reads)),
        ("used by", ", ".join(f"cell {one}" for one in readers)),
        ("shares with", ", ".join(shared)),
        ("comes back", missing.get(version.id) or status_of(version, missing)),
    )
    rows = tuple(fact for fact in facts if fact[1])
    return Table(binding.name, (Column(""), Column("", elastic=True)), rows)


def hits_table(query: str, hits: Sequence[Hit]) -> Table:
    """Show what a search found, best first."""
    columns = (Column("cell", right=True), Column("in"), Column("text", elastic=True, mono=True))
    rows = tuple((str(hit.execution), hit.place.value, hit.text) for hit in hits)
    notes = () if rows else ("Nothing found.",)
    return Table(f"Search: {query}", columns, rows, notes)


def query_table(found: QueryRows) -> Table:
    """Show what a query gave; of many rows the first."""
    columns = tuple(Column(name, elastic=True) for name in found.columns)
    rows = tuple(tuple(_value(value) for value in row) for row in found.rows[:_MAX_ROWS])
    more = len(found.rows) - len(rows)
    return Table("", columns, rows, (f"… and {more} more rows.",) if more > 0 else () if rows else ("No rows.",))


def refs_table(refs: Sequence[Ref]) -> Table:
    """Show tags and branches."""
    columns = (Column("name"), Column("kind"), Column("state", right=True), Column("since"))
    rows = tuple((ref.name, ref.kind.value, str(ref.execution), point_in_time(ref.at)) for ref in refs)
    return Table("", columns, rows, () if rows else ("No tags and no branches yet.",))


def lineage_table(title: str, executions: Sequence[Execution], uses: Sequence[Use]) -> Table:
    """Show executions and what each used of which other.

    Parameters
    ----------
    executions : sequence of Execution
        In history order.
    uses : sequence of Use
        Among them.
    """
    columns = (
        Column("cell", right=True),
        Column("took", right=True),
        Column("code", elastic=True, mono=True),
        Column("uses", elastic=True),
    )
    used: dict[ExecutionId, list[str]] = {}
    for use in uses:
        used.setdefault(use.user, []).append(f"{', '.join(use.names)} of {use.maker}")
    rows = tuple(
        (str(one.id), duration(one.runtime_s), first_line(one.code), "; ".join(used.get(one.id, ())))
        for one in executions
    )
    return Table(title, columns, rows, () if rows else ("No cell.",))


def _value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"x'{value[:16].hex()}{'…' if len(value) > 16 else ''}'"  # noqa: PLR2004
    text = str(value)
    return text if len(text) <= _MAX_CELL_CHARS else f"{text[:_MAX_CELL_CHARS]}…"
