"""Exported notebooks are valid whatever a store holds."""

from __future__ import annotations

from typing import Any

import nbformat
from hypothesis import given
from hypothesis import strategies as st

from ensession.export import PastCell, notebook
from ensession.model import ExecutionKind, Output
from tests.export.kit import cell


def made(*cells: PastCell, python: str = "3.11.7") -> dict[str, Any]:
    book = notebook(cells, python, {"state": 3})
    nbformat.validate(nbformat.from_dict(book), relax_add_props=False)
    return book


def test_cells_keep_code_outputs_and_numbers() -> None:
    outputs = (
        Output("stream", {"name": "stderr", "text": ["a\n", "b"]}),
        Output("execute_result", {"data": {"text/plain": "6"}, "metadata": {}, "execution_count": 99}),
        Output("display_data", {"data": {"application/json": {"x": [1]}, "image/png": "aGk="}, "metadata": {"k": 1}}),
    )
    failed = Output("error", {"ename": "ValueError", "evalue": "no", "traceback": ["line"]})
    book = made(
        cell(3, "total = sum(x)\ntotal", cell_id="abc", outputs=outputs),
        cell(5, "1/0", "ZeroDivisionError: division by zero", cell_id="abc", outputs=(failed,)),
    )
    first, second = book["cells"]
    assert (first["source"], first["execution_count"], first["id"]) == ("total = sum(x)\ntotal", 3, "abc")
    assert first["outputs"][0] == {"output_type": "stream", "name": "stderr", "text": "a\nb"}
    assert first["outputs"][1]["execution_count"] == 3
    assert first["outputs"][2]["data"] == {"application/json": {"x": [1]}, "image/png": "aGk="}
    assert (second["id"], second["metadata"]["tags"]) == ("abc-2", ["raises-exception"])
    assert second["outputs"][0]["ename"] == "ValueError"
    assert book["metadata"]["language_info"]["version"] == "3.11.7"


def test_what_no_cell_made_is_a_note() -> None:
    adopted = cell(1, "", kind=ExecutionKind.ADOPTED, changed=("<random>", "df", "`x`](javascript:1)"))
    nothing = cell(2, "", kind=ExecutionKind.AMBIENT, changed=("<random>",))
    (note,) = made(adopted, nothing)["cells"]
    assert note["cell_type"] == "markdown"
    assert note["source"].endswith("no cell can make again: `df`.")


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
words = st.sampled_from(["text", "name", "data", "metadata", "traceback", "ename", "evalue", "text/plain"]) | st.text()
outputs = st.builds(
    Output,
    st.sampled_from(["stream", "display_data", "execute_result", "error", "update_display_data"]) | st.text(),
    st.dictionaries(words, json | st.dictionaries(words, json)),
)


@given(st.lists(st.tuples(st.text(), st.text() | st.none(), st.lists(outputs, max_size=3)), max_size=4), st.text())
def test_anything_that_a_store_may_hold_gives_a_valid_notebook(cells: list[Any], python: str) -> None:
    numbered = enumerate(cells, start=1)
    made(*(cell(n, code, cell_id=id_, outputs=tuple(put)) for n, (code, id_, put) in numbered), python=python)
