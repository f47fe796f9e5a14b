"""The format's page names what the schema has, the glossary is reachable, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ensession.store.engine import APPLICATION_ID
from ensession.store.schema import BaseRow

DOCS = Path(__file__).resolve().parents[2] / "docs"
FORMAT = (DOCS / "reference" / "format.md").read_text(encoding="utf-8")
PAGES = [*sorted(DOCS.rglob("*.md")), DOCS.parent / "README.md"]


@pytest.mark.parametrize("table", BaseRow.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_table_and_column_is_documented(table) -> None:
    section = re.search(rf"(^|; )`{table.name}`(.*?)(?=^`[a-z_]+`:|^## |\Z)", FORMAT, re.M | re.S)
    assert section is not None, f"the format's page does not describe {table.name}"
    missing = [column.name for column in table.columns if f"`{column.name}`" not in section.group(0)]
    assert missing == []


def test_the_application_id_is_documented() -> None:
    assert f"0x{APPLICATION_ID:X}" in FORMAT


def test_every_command_and_option_of_the_magic_is_documented() -> None:
    page = (DOCS / "reference" / "magic.md").read_text(encoding="utf-8")
    source = "".join(
        (DOCS.parent / "ensession" / "magic" / name).read_text(encoding="utf-8") for name in ("command.py", "help.py")
    )
    verbs = re.findall(r"^%ens (\w+)", source, re.M)
    options = set(re.findall(r'"(--\w+)"', source))
    assert len(verbs) > 5
    assert [verb for verb in verbs if f"`%ens {verb}" not in page] == []
    assert [option for option in options if option not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    broken = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert broken == []
