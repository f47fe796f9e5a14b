"""Tables in a notebook and in a terminal: complete, escaped, folded."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from ensession import display
from ensession.display.html import FEW, MANY
from ensession.display.terminal import coloured_table
from tests.unit.markup import Markup
from tests.unit.test_display import HOSTILE

ANYTHING = st.text() | st.sampled_from(
    [HOSTILE, "<img src=x onerror=alert(1)>", "</td></table><iframe>", "</style><script>", '" onload="x']
)


def numbered(n_rows: int, fold: display.Fold = display.Fold.LAST) -> display.Table:
    rows = tuple((str(number), f"value {number}") for number in range(n_rows))
    return display.Table(
        "Many", (display.Column("n", right=True), display.Column("what", elastic=True)), rows, (), fold
    )


@settings(deadline=None)
@given(ANYTHING)
def test_html_is_escaped(text: str) -> None:
    column = display.Column(text, elastic=True, mono=True, tones=((text, display.Tone.BAD),))
    Markup(display.to_html(display.Table(text, (column,), ((text,),), (text,))))


def test_tones_are_classes_and_long_cells_are_shown_in_full_on_hover() -> None:
    column = display.Column("how", elastic=True, tones=(("MISSING", display.Tone.BAD),))
    table = display.Table("", (column,), (("MISSING, alas",), ("x" * 100,)))
    missing, long = Markup(display.to_html(table)).of("td")
    assert "ens-bad" in missing.attributes["class"]
    assert missing.attributes["title"] == "MISSING, alas", "there may be room for less"
    assert long.attributes["title"] == "x" * 100


def test_long_tables_are_folded_where_they_matter_less() -> None:
    for fold, summary, shown in [
        (display.Fold.LAST, "35 more", [str(n) for n in range(FEW)]),
        (display.Fold.FIRST, "35 earlier ones", [str(n) for n in range(35, 60)]),
    ]:
        html = display.to_html(numbered(60, fold))
        assert [one.text for one in Markup(html).of("summary")] == [summary]
        open_part = re.sub(r"<details>.*</details>", "", html, flags=re.S)
        assert [one.text for one in Markup(open_part).of("td", "ens-right")] == shown
        assert len(Markup(html).of("td", "ens-right")) == 60
    assert Markup(display.to_html(numbered(MANY))).of("details") == []


def test_nothing_is_loaded_from_anywhere() -> None:
    html = display.to_html(numbered(3))
    assert not re.search(r"https?:|url\(|@import|<script", html)


@settings(deadline=None)
@given(st.lists(st.tuples(ANYTHING, ANYTHING), max_size=4), st.integers(30, 120))
def test_a_terminal_table_fits_and_cuts_no_reason(rows: list[tuple[str, str]], width: int) -> None:
    columns = (display.Column("name", elastic=True), display.Column("why"))
    drawn = coloured_table(display.Table("T", columns, tuple(rows)), width)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", drawn)
    assert "\x1b" not in plain
    assert all(cell_len(line) <= width for line in plain.split("\n"))


def test_a_long_reason_is_broken_into_lines() -> None:
    reason = " ".join(f"word{number}" for number in range(40))
    columns = (display.Column("name"), display.Column("why"))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured_table(display.Table("", columns, (("x", reason),)), 50))
    assert [word for word in plain.split() if word.startswith("word")] == reason.split()
