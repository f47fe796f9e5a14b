"""Notebook files: parameters, cells, writing."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from ensession.batch import Notebook, parse_parameter
from ensession.batch.book import require_free
from ensession.cli.entry import run as ens
from ensession.errors import NotFoundError, UsageError


def book(*cells: tuple[str, str], minor: int = 5) -> Notebook:
    bodies = [
        {"cell_type": "code", "source": [code], "metadata": {"tags": [tag] if tag else []}, "outputs": [1]}
        for code, tag in cells
    ]
    return Notebook({"cells": bodies, "metadata": {}, "nbformat": 4, "nbformat_minor": minor})


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("a=1", "a", 1),
        ("a=0.5", "a", 0.5),
        ("a=True", "a", True),
        ("a=None", "a", None),
        ("a=[1, 2]", "a", [1, 2]),
        ("a='1'", "a", "1"),
        ("a=b=c", "a", "b=c"),
        ("a=", "a", ""),
        ("a=2024-01-01", "a", "2024-01-01"),
        ("a=__import__('os')", "a", "__import__('os')"),
    ],
)
def test_parameters_are_literals_or_strings(text: str, name: str, value: object) -> None:
    assert parse_parameter(text) == (name, value)


@pytest.mark.parametrize("text", ["a", "1a=2", "a b=2", "=2", "class=1"])
def test_what_is_no_parameter_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="NAME=VALUE"):
        parse_parameter(text)


def test_parameters_come_behind_the_cell_that_declares_them() -> None:
    made = book(("import x", ""), ("a = 1", "parameters"), ("a", "")).with_parameters({"a": 2, "b": "it's"})
    assert [cell.code for cell in made.cells()] == ["import x", "a = 1", '# Parameters\na = 2\nb = "it\'s"', "a"]
    assert made.cells()[2].tags == ("injected-parameters",)


def test_parameters_come_first_where_none_are_declared() -> None:
    assert [cell.code for cell in book(("a", "")).with_parameters({"a": 2}).cells()] == ["# Parameters\na = 2", "a"]


def test_a_cell_injected_earlier_is_replaced() -> None:
    made = book(("a = 1", "parameters"), ("b", ""), ("a = 7", "injected-parameters")).with_parameters({"a": 2})
    assert [cell.code for cell in made.cells()] == ["a = 1", "b", "# Parameters\na = 2"]


def test_cells_have_an_id_only_where_the_format_has() -> None:
    assert book(minor=5).with_parameters({"a": 2}).cells()[0].id == "injected-parameters"
    assert book(minor=4).with_parameters({"a": 2}).cells()[0].id is None


def test_unknown_parameters_are_found() -> None:
    assert book(("a = 1\nb: int = 2", "parameters")).undeclared(["a", "b", "c"]) == ["c"]


def test_empty_cells_and_text_do_not_count() -> None:
    made = book(("  \n", ""), ("a", ""))
    made.body["cells"].insert(0, {"cell_type": "markdown", "source": "b"})
    assert [(cell.number, cell.code) for cell in made.cells()] == [(1, "a")]


def test_a_file_is_replaced_whole_and_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text("old")
    path.chmod(0o640)
    book(("ü \ud800", "")).write(path)
    assert json.loads(path.read_text())["cells"][0]["source"][0].startswith("ü ")
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["a.ipynb"]


def test_a_file_that_can_not_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text("old")
    broken = book()
    broken.body["metadata"] = {"x": object()}
    with pytest.raises(TypeError):
        broken.write(path)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a.ipynb"]


@pytest.mark.parametrize("text", ["", "[]", '{"cells": 1}', '{"cells": [], "nbformat": 3}', '{"worksheets": []}'])
def test_what_is_no_notebook_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    with pytest.raises(UsageError):
        Notebook.read(path)
    with pytest.raises(NotFoundError):
        Notebook.read(tmp_path / "b.ipynb")


@pytest.mark.parametrize("value", ["1+2j", "{1, 2}", "b'x'", "{(1, 2): 3}", "(1, 2)", "None"])
def test_a_parameter_of_any_literal_is_that(value: str) -> None:
    name, parsed = parse_parameter(f"a={value}")
    assert (name, parsed) == ("a", ast.literal_eval(value))


@pytest.mark.parametrize("text", ['{"n": NaN}', '{"n": [1e999]}', '{"class": 1}', "[1]"])
def test_parameters_of_a_file_that_no_cell_can_set(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.json").write_text(text)
    assert ens(["run", str(tmp_path / "n.ipynb"), "-f", str(tmp_path / "p.json")]) == UsageError.exit_code
    assert "p.json: " in capsys.readouterr().err


def test_what_python_reads_as_no_literal_again_is_a_text() -> None:
    assert parse_parameter("a=1e999") == ("a", "1e999")


def test_metadata_that_is_none_is_empty(tmp_path: Path) -> None:
    body = {"nbformat": 4, "nbformat_minor": 5, "metadata": None, "cells": [{"cell_type": "code", "metadata": None}]}
    (tmp_path / "n.ipynb").write_text(json.dumps(body), encoding="utf-8")
    book = Notebook.read(tmp_path / "n.ipynb")
    assert book.body["metadata"] == book.body["cells"][0]["metadata"] == {}


def test_a_result_behind_a_symbolic_link_is_written_there(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "r.ipynb"
    link.symlink_to(tmp_path / "disk" / "real.ipynb")
    for number in range(2):
        Notebook({"cells": [], "n": number}).write(link)
        assert link.is_symlink()
        assert json.loads((tmp_path / "disk" / "real.ipynb").read_text(encoding="utf-8"))["n"] == number


@pytest.mark.parametrize("content", [b"", b'{"cells": []}', b'{"cells": 1, "nbformat": 3}'])
def test_a_result_may_take_the_place_of_a_notebook(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "r.ipynb"
    require_free(path)
    path.write_bytes(content)
    require_free(path)


@pytest.mark.parametrize("content", [b"SQLite format 3\0\xff", b"a,b\n1,2\n", b"[1, 2]", b"7", b"{}"])
def test_a_result_takes_the_place_of_nothing_else(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "r.ipynb"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no notebook"):
        require_free(path)
    with pytest.raises(UsageError, match="no notebook"):
        require_free(tmp_path)
