"""Records as text and HTML; whatever comes from a session is hostile."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensession import display
from ensession.config import StoragePolicy
from ensession.display.tables import cut, text_width
from ensession.model import (
    Binding,
    ExecutionId,
    Fate,
    Output,
    Plan,
    Problem,
    RestoreReport,
    Summary,
    VariableReport,
    Version,
    VersionId,
)
from ensession.planner import plan
from tests.unit.histories import UNIT, history, payload, version
from tests.unit.test_history import execution

HOSTILE = "<script>alert(1)</script>\x1b]0;gotcha\x07\x1b[2J\u202eevil\r\n\x9b31m&\"'"


def binding(name: str, number: int, *, stored: bool, preview: str = "") -> Binding:
    info = payload(1200) if stored else None
    made = Version(VersionId(number), ExecutionId(number), 0, (name,), None, 1200, None, info)
    return Binding(name, ExecutionId(number), made, Summary("builtins.list", "len 3", preview))


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (4_200_000, "4.2 MB"), (999_600, "1.0 MB"), (10**16, "10000 TB")],
)
def test_sizes(n_bytes: int, text: str) -> None:
    assert display.size(n_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.0002, "< 1 ms"),
        (0.0123, "12 ms"),
        (0.0996, "0.1 s"),
        (3.44, "3.4 s"),
        (125, "2 min 5 s"),
        (7260, "2 h 1 min"),
        (inf, "impossible"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert display.duration(seconds) == text


def test_a_broken_time_is_no_error() -> None:
    assert display.point_in_time(1e300) == "?"
    assert display.point_in_time(float("nan")) == "?"


def test_terminals_are_safe() -> None:
    shown = display.harmless(HOSTILE)
    assert "\x1b" not in shown
    assert "\x9b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b]0;gotcha\\x07" in shown


def test_colours_and_overwritten_lines_go() -> None:
    assert display.harmless("\x1b[31mred\x1b[0m") == "red"
    assert display.harmless("10%\r50%\r100%\ndone\r\n") == "100%\ndone\n"
    assert display.harmless("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\") == "link"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_no_control_character_survives(text: str) -> None:
    shown = display.harmless(text)
    assert all(c == "\n" or (c.isprintable() or not c.isascii()) for c in shown)
    assert not any("\x7f" <= c <= "\x9f" for c in shown)
    shown.encode()
    assert "\n" not in display.one_line(text)


def test_long_hostile_lines_take_no_time() -> None:
    display.harmless("x" * 2_000_000 + "\x1b[" * 100_000 + "\x1b]8;" * 100_000)


def test_text_is_aligned_and_complete() -> None:
    columns = (display.Column("name"), display.Column("n", right=True), display.Column("code", elastic=True))
    table = display.Table("T", columns, (("a", "1", "x" * 60), ("日本", "100", "y")), ("A note.",))
    assert display.to_text(table).splitlines() == [
        "T",
        "name    n  code",
        "a       1  " + "x" * 60,
        "日本  100  y",
        "A note.",
    ]


@given(st.text(), st.integers(1, 20))
def test_cut_text_fits(text: str, width: int) -> None:
    assert text_width(cut(text, width)) <= width


def test_the_log() -> None:
    rows = [execution(1, code="\n\nimport os\nx = 1"), execution(2, 1, code="x\x1b[2J")]
    table = display.log_table(rows, {ExecutionId(1): ["x", "os", "<random>"]}, ExecutionId(2))
    assert [row[0] for row in table.rows] == ["1", "*2"]
    assert [row[1] for row in table.rows] == ["0", "1"]
    assert table.rows[0][-2:] == ("import os …", "os, x")
    assert display.to_text(display.log_table([], {}, None)) == "No executions yet."


def test_variables_say_whether_they_come_back() -> None:
    state = {
        b.name: b
        for b in [binding("a", 1, stored=True), binding("b", 2, stored=False), binding("gen", 3, stored=False)]
    }
    state["<random>"] = binding("<random>", 1, stored=True)
    table = display.variables_table(state, {VersionId(3): "unstorable: open generator"}, ExecutionId(3))
    assert [row[-1] for row in table.rows] == ["stored", "recomputable", "will not survive"]
    assert table.notes == (
        "3 variables, 1 of them will not survive a restart.",
        "Hidden state is recorded too: random.",
        "gen will not survive: unstorable: open generator.",
    )
    changed = display.bindings_table({"a": state["a"], "old": None}, {})
    assert [row[:2] for row in changed.rows] == [("a", "builtins.list"), ("old", "(deleted)")]


def test_a_plan() -> None:
    graph = history([(4, [], [version(1, 1, "data", 10)]), (60, [1], [version(2, 2, "model", 1)])])
    table = display.plan_table(plan(graph, ExecutionId(2), UNIT), graph, {ExecutionId(1): "data = 1"})
    assert table.title == "Plan for state 2"
    assert table.rows == (
        ("run", "1", "data = 1", "data", "", "4.0 s"),
        ("load", "2", "model", "", "1 B", "1.0 s"),
    )
    assert "loading everything: 11 s, running everything: 1 min 4 s" in table.notes[0]


def test_a_plan_does_not_dwell_on_modules_and_hidden_state() -> None:
    graph = history(
        [
            (4, [], [version(1, 1, "np", 1), version(2, 1, "<random>", 1), version(3, 1, "data", 1)]),
            (1, [1, 2, 3], [version(4, 2, "lines", None)]),
        ]
    )
    table = display.plan_table(plan(graph, ExecutionId(2), UNIT), graph, {}, modules={VersionId(1)})
    assert [row[:2] for row in table.rows] == [("load", "1"), ("run", "2")]
    assert table.notes == (
        "Loaded as well: modules (np) and hidden state (random).",
        "Total 4.0 s: 3 to load, 1 to run again; loading everything is impossible (lines is not stored), "
        "running everything: 6.0 s.",
    )


def test_a_plan_that_brings_nothing_says_so_in_one_place_and_names_the_way_out() -> None:
    graph = history([(4, [], [version(1, 1, "gen", None, unstorable="open generator")])], {1: "it sent mail"})
    table = display.plan_table(plan(graph, ExecutionId(1), UNIT), graph, {})
    assert table.notes == (
        "Nothing of state 1 can be brought back.",
        "Missing: gen (unstorable: open generator; cell 1 can't be run again: it sent mail). "
        "What you can do: make it in a cell of its own that begins with %%ens always.",
    )
    assert "impossible" not in display.to_text(table) + display.plan_picture(
        plan(graph, ExecutionId(1), UNIT), graph, {}
    )


def test_the_log_of_one_day_names_the_day_once() -> None:
    rows = [execution(1), execution(2)]
    day = display.point_in_time(rows[0].started_at)[:10]
    table = display.log_table(rows, {}, None)
    assert table.columns[2].name == day
    assert table.rows[0][2] == display.point_in_time(rows[0].started_at)[11:]


def test_what_a_plan_misses() -> None:
    graph = history([(4, [], [version(1, 1, "gen", None, unstorable="open generator")])], {1: "it sent mail"})
    table = display.plan_table(plan(graph, None, UNIT), graph, {})
    assert table.notes[1] == (
        "Missing: gen (unstorable: open generator; cell 1 can't be run again: it sent mail). "
        "What you can do: make it in a cell of its own that begins with %%ens always."
    )


def test_a_restore_accounts_for_every_variable() -> None:
    fates = [Fate.LOADED, Fate.RECOMPUTED, Fate.UNVERIFIED, Fate.DIFFERENT, Fate.MISSING, Fate.KEPT]
    variables = tuple(VariableReport(f"v{i}", fate, ExecutionId(i), HOSTILE) for i, fate in enumerate(fates, start=1))
    empty = Plan(ExecutionId(6), (), {}, 0.0, 0.0, inf)
    report = RestoreReport(ExecutionId(6), empty, variables, 1.5, ("chunk 7 is damaged",))
    table = display.restore_table(report)
    assert [row[0] for row in table.rows] == ["v5", "v4", "v3", "v1", "v2", "v6"]
    assert table.notes[0].startswith("6 variables in 1.5 s: 1 loaded, 1 recomputed, equal")
    assert table.notes[1:] == ("The plan had estimated 0 s, imports not counted.", "Planned again: chunk 7 is damaged.")
    assert "\x1b" not in display.to_text(table)


def test_a_restore_of_very_many_variables_lists_all_that_are_not_as_they_were() -> None:
    fates = [Fate.LOADED, Fate.RECOMPUTED] * 150 + [Fate.MISSING, Fate.DIFFERENT] * 150
    variables = tuple(VariableReport(f"v{i}", fate, ExecutionId(i)) for i, fate in enumerate(fates, start=1))
    report = RestoreReport(ExecutionId(6), Plan(ExecutionId(6), (), {}, 0.0, 0.0, inf), variables, 1.5)
    table = display.restore_table(report)
    assert {f"v{i}" for i in range(301, 601)} < {row[0] for row in table.rows}
    assert len(table.rows) == 500
    assert table.notes[0].startswith("600 variables in 1.5 s")
    assert table.notes[1] == "Not listed: 100 variables that came back like these."


def test_status_names_the_losses() -> None:
    table = display.status_table(
        path="work.ens",
        n_file_bytes=1_500_000,
        n_executions=1,
        n_variables=2,
        policy=StoragePolicy.AUTO,
        losses={"gen": "open generator"},
    )
    text = display.to_text(table)
    assert "work.ens (1.5 MB)" in text
    assert "1 execution\n" in text
    assert "✗ gen" in text


def test_problems() -> None:
    assert display.to_text(display.problems_table([])) == "No problems found."
    table = display.problems_table([Problem("chunk 17", "damaged", ("df@3",))])
    assert table.rows == (("chunk 17", "damaged", "df@3"),)
    assert table.notes == ("1 problem found.",)


def test_outputs_as_text() -> None:
    assert display.output_text(Output("stream", {"name": "stdout", "text": ["a\n", "b\x1b[1m\n"]})) == "a\nb"
    assert (
        display.output_text(Output("error", {"ename": "E", "evalue": "no", "traceback": ["\x1b[31mE\x1b[0m", "no"]}))
        == "E\nno"
    )
    assert display.output_text(Output("error", {"ename": "E", "evalue": "no", "traceback": []})) == "E: no"
    figure = Output("display_data", {"data": {"text/plain": "<Figure>", "image/png": "A" * 2000}, "metadata": {}})
    assert display.output_text(figure) == "<Figure>\n[image/png, 2.0 kB]"
    assert display.output_text(Output("display_data", {"data": 3})) == ""
