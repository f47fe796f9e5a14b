"""The format's page names what the schema has, the glossary is reachable, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ensession.config import Config, settings_of
from ensession.store.header import APPLICATION_ID
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
    source = "".join(one.read_text(encoding="utf-8") for one in (DOCS.parent / "ensession" / "magic").glob("*.py"))
    verbs = {verb for verbs in re.findall(r"^%ens ([\w|]+)", source, re.M) for verb in verbs.split("|")}
    options = set(re.findall(r'"(--[a-z-]+)"', source))
    assert len(verbs) > 5
    assert [verb for verb in verbs if f"`%ens {verb}" not in page] == []
    assert [option for option in options if option not in page] == []


def test_every_setting_is_documented_with_its_default() -> None:
    page = (DOCS / "reference" / "magic.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^  \| `(\w+)` \| `([^`]+)` \|", page, re.M))
    assert rows == settings_of(Config())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    broken = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert broken == []
