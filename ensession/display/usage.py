"""What takes the room in a store, as tables. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ensession.display.tables import Column, Table
from ensession.display.units import size
from ensession.model.upkeep import Share, Usage


def usage_table(usage: Usage) -> Table:
    """Show what the file consists of, and how much smaller values are in it."""
    lines = (
        ("values", usage.n_chunk_bytes - usage.n_unused_bytes),
        ("pieces that belong to no value", usage.n_unused_bytes),
        ("outputs", usage.n_output_bytes),
        ("sources of modules", usage.n_module_bytes),
        ("index of the search", usage.n_index_bytes),
        ("free, for what comes next", usage.n_free_bytes),
        ("history, and rests of pages", usage.n_other_bytes),
        ("the file", usage.n_file_bytes),
        ("the log beside it", usage.n_log_bytes),
    )
    rows = tuple((label, size(n_bytes)) for label, n_bytes in lines if n_bytes)
    notes: tuple[str, ...] = ()
    if usage.values:
        notes = (
            f"Values are {size(usage.n_value_bytes)}: {usage.dedup_ratio:.1f} times smaller because equal pieces are "
            f"stored once, and {usage.compression_ratio:.1f} times because they are compressed.",
        )
    return Table("", (Column("what"), Column("size", right=True)), rows, notes)


def shares_table(label: str, shares: Sequence[Share], limit: int) -> Table:
    """Show what takes most; what variables, cells or types share counts for the first of them."""
    columns = (
        Column(label, elastic=True, mono=True),
        Column("values", right=True),
        Column("size", right=True),
        Column("stored", right=True),
    )
    rows = tuple(
        (share.label, str(share.n_values), size(share.n_bytes), size(share.n_stored_bytes)) for share in shares[:limit]
    )
    return Table("", columns, rows, (f"and {len(shares) - limit} more",) if len(shares) > limit else ())
