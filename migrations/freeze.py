"""Writes ``ensession/store/tables.py`` from the models; run ``python migrations/freeze.py`` when one changes.

Kernels start without SQLAlchemy that way, which takes longer to import than everything else together. A test holds
the written module to the models. The models are loaded by themselves: the package needs what is about to be written.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from textwrap import wrap
from typing import Any

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

STORE = Path(__file__).resolve().parents[1] / "ensession" / "store"
TARGET = STORE / "tables.py"
_WIDTH = 90
_HEAD = '''"""The tables as SQL. Written by ``python migrations/freeze.py`` from the models; do not edit."""

from __future__ import annotations

COLUMNS: dict[str, str] = {
'''


def render() -> str:
    """Return the text of the module."""
    tables = _tables()
    lines = [_HEAD]
    for table in tables:
        names = wrap(" ".join(column.name for column in table.columns), _WIDTH)
        text = "\n    ".join(f'"{line} "' for line in names)
        lines.append(f'    "{table.name}": {text},\n')
    lines.append('}\n"""The columns of each table, in order."""\n\nDDL: tuple[str, ...] = (\n')
    lines += [f'    """{statement}""",\n' for statement in _statements(tables)]
    lines.append(')\n"""What makes an empty store, in order."""\n')
    return "".join(lines)


def _tables() -> list[Any]:
    spec = spec_from_file_location("frozen_schema", STORE / "schema.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{STORE} has no schema.py")
    schema = sys.modules[spec.name] = module_from_spec(spec)  # its annotations are looked up there
    spec.loader.exec_module(schema)
    return list(schema.BaseRow.metadata.sorted_tables)


def _statements(tables: list[Any]) -> list[str]:
    """Return what makes the tables and their indexes, in order."""
    dialect, found = sqlite.dialect(), []
    for table in tables:
        found.append(_tidy(str(CreateTable(table).compile(dialect=dialect))))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        found += [_tidy(str(CreateIndex(index).compile(dialect=dialect))) for index in indexes]
    return found


def _tidy(sql: str) -> str:
    lines = [line.rstrip().expandtabs(4) for line in sql.strip().splitlines()]
    return "\n".join(lines)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
