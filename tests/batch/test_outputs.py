"""Messages of a kernel become outputs."""

from __future__ import annotations

from typing import Any

from ensession.batch.needs import needed
from ensession.batch.outputs import Outputs


def shown(text: str, display_id: str | None = None) -> dict[str, Any]:
    transient = {} if display_id is None else {"display_id": display_id}
    return {"data": {"text/plain": text}, "metadata": {}, "transient": transient}


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"name": name, "text": text}


def test_one_stream_is_one_output() -> None:
    outputs, found = Outputs(), []
    outputs.begin(found)
    for text, name in (("a", "stdout"), ("b", "stdout"), ("c", "stderr"), ("d", "stdout")):
        outputs.take("stream", stream(text, name))
    assert [one["text"] for one in found] == ["ab", "c", "d"]


def test_clearing_waits_where_it_is_told_to() -> None:
    outputs, found = Outputs(), []
    outputs.begin(found)
    outputs.take("stream", stream("a"))
    outputs.take("clear_output", {"wait": True})
    assert [one["text"] for one in found] == ["a"]
    outputs.take("stream", stream("b"))
    assert [one["text"] for one in found] == ["b"]
    outputs.take("clear_output", {"wait": False})
    assert found == []


def test_a_display_is_updated_in_the_cell_it_is_in() -> None:
    outputs, first, second = Outputs(), [], []
    outputs.begin(first)
    outputs.take("display_data", shown("a", "x"))
    outputs.begin(second)
    outputs.take("update_display_data", shown("b", "x"))
    outputs.take("update_display_data", shown("c", "unknown"))
    assert ([one["data"]["text/plain"] for one in first], second) == (["b"], [])
    assert "transient" not in first[0]


def test_results_and_errors_keep_what_the_format_asks_for() -> None:
    outputs, found = Outputs(), []
    outputs.begin(found)
    outputs.take("execute_result", {**shown("1"), "execution_count": 3})
    outputs.take("error", {"ename": "E", "evalue": "v", "traceback": ["t"]})
    outputs.take("status", {"execution_state": "busy"})
    assert found == [
        {"output_type": "execute_result", "data": {"text/plain": "1"}, "metadata": {}, "execution_count": 3},
        {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]},
    ]


def test_only_what_later_cells_may_use_is_needed() -> None:
    def plain(source: str) -> str:
        return source

    lost = {"f", "g"}
    assert needed(lost, ["with open('x') as f: f.read()"], ["with open('y') as f: f.read()"], plain) == set()
    assert needed(lost, [], ["f.close()"], plain) == {"f"}
    assert needed(lost, ["def use(): return g"], ["use()"], plain) == {"g"}
    assert needed(lost, [], ["exec(text)"], plain) == lost
    assert needed(lost, [], ["await x()\nh = lambda: g"], plain) == {"g"}
