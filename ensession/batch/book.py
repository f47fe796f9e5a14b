"""A notebook file: read, given parameters, written atomically. Only nbformat 4's JSON, no library."""

from __future__ import annotations

import ast
import copy
import json
import keyword
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ensession.errors import NotFoundError, StoreAccessError, UsageError

PARAMETERS = "parameters"
INJECTED = "injected-parameters"
_FORMAT = 4
_WITH_IDS = 5
"""The minor version from which on cells have an id."""

Json = dict[str, Any]


@dataclass(slots=True)
class Cell:
    """A code cell of a notebook that is being run.

    Attributes
    ----------
    number : int
        Its place among the cells that run, from 1.
    body : dict
        The cell in the notebook's JSON; outputs go there.
    """

    number: int
    body: Json

    @property
    def code(self) -> str:
        """The source, as a front end would send it."""
        return source_of(self.body)

    @property
    def id(self) -> str | None:
        """The notebook's id of the cell."""
        found = self.body.get("id")
        return found if isinstance(found, str) else None

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return tags_of(self.body)

    @property
    def may_fail(self) -> bool:
        """Whether the run goes on after an error in it."""
        return "raises-exception" in self.tags

    @property
    def line(self) -> str:
        """The first line with something on it, to name the cell by."""
        return next((text.strip() for text in self.code.splitlines() if text.strip()), "")


class Notebook:
    """A notebook in memory.

    Parameters
    ----------
    body : dict
        The JSON of the file, nbformat 4.
    """

    def __init__(self, body: Json) -> None:
        self.body = body

    @classmethod
    def read(cls, path: Path) -> Notebook:
        """Read a file.

        Raises
        ------
        NotFoundError
        UsageError
            It is no notebook, or of an older format.
        """
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NotFoundError(f"{path}: there is no such notebook; check the path") from None
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: it can't be read as a notebook ({error}); give an .ipynb file") from error
        if not isinstance(body, dict) or not isinstance(body.get("cells"), list):
            raise UsageError(
                f"{path}: it is no notebook of format 4; 'jupyter nbconvert --to notebook' brings older ones up to date"
            )
        if body.get("nbformat") != _FORMAT or not all(isinstance(cell, dict) for cell in body["cells"]):
            raise UsageError(f"{path}: notebooks of format {_FORMAT} can be run, this one says {body.get('nbformat')}")
        for one in (body, *body["cells"]):
            if not isinstance(one.get("metadata"), dict):  # the format asks for one
                one["metadata"] = {}
        return cls(body)

    def cells(self) -> list[Cell]:
        """Return the cells that run, in order: code with something in it."""
        bodies = [one for one in self.body["cells"] if one.get("cell_type") == "code" and source_of(one).strip()]
        return [Cell(number, body) for number, body in enumerate(bodies, 1)]

    def clear(self) -> None:
        """Take away all outputs and execution counts."""
        for body in self.body["cells"]:
            if body.get("cell_type") == "code":
                body["outputs"], body["execution_count"] = [], None

    def with_parameters(self, values: Mapping[str, Any]) -> Notebook:
        """Return a copy with a cell that sets parameters.

        It is tagged ``injected-parameters`` and comes behind the cell tagged ``parameters``, or first of all where
        there is none; one that is there already is replaced.

        Parameters
        ----------
        values : mapping
            Name to a value that Python can write as a literal.
        """
        made = Notebook(copy.deepcopy(self.body))
        if not values:
            return made
        cells = made.body["cells"]
        cell: Json = {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {"tags": [INJECTED]},
            "outputs": [],
            "source": "# Parameters\n" + "\n".join(f"{name} = {value!r}" for name, value in values.items()),
        }
        if made.body.get("nbformat_minor", 0) >= _WITH_IDS:
            cell["id"] = INJECTED
        old, declared = _index(cells, INJECTED), _index(cells, PARAMETERS)
        if old is not None:
            cells[old] = cell
        else:
            cells.insert(0 if declared is None else declared + 1, cell)
        return made

    def undeclared(self, names: Iterable[str]) -> list[str]:
        """Return those names that the cell tagged ``parameters`` does not assign; none where it can't be read."""
        index = _index(self.body["cells"], PARAMETERS)
        if index is None:
            return list(names)
        try:
            tree = ast.parse(source_of(self.body["cells"][index]))
        except SyntaxError:
            return []
        known = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        return [name for name in names if name not in known]

    def write(self, path: Path) -> None:
        """Write the file whole or not at all: readers see the old one or the new one. A symbolic link stays one.

        Raises
        ------
        StoreAccessError
            It can't be written.
        """
        try:
            self._write(Path(os.path.realpath(path)))
        except OSError as error:
            reason = error.strerror or error
            raise StoreAccessError(f"{path}: it can't be written ({reason}); check its folder and its disk") from error

    def _write(self, path: Path) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                json.dump(self.body, file, indent=1, ensure_ascii=False)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, _rights(path))
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):  # its folder is gone, say
                os.unlink(name)
            raise


def require_free(path: Path) -> None:
    """Complain where something else than a notebook, such as a store, would be lost to the one that is written there.

    Raises
    ------
    UsageError
    """
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return
    try:
        is_notebook = path.is_file() and "cells" in json.loads(path.read_bytes())
    except (OSError, ValueError, TypeError):
        is_notebook = False
    if not is_notebook:
        raise UsageError(f"{path}: this file exists and is no notebook; give another path for the result (-o)")


def parse_parameter(text: str) -> tuple[str, Any]:
    """Return name and value of ``NAME=VALUE``.

    A value that is a Python literal is that; anything else is a string.

    Raises
    ------
    UsageError
    """
    name, sign, value = text.partition("=")
    if not sign or not may_be_set(name):
        raise UsageError(f"{text!r} is no parameter; write NAME=VALUE, for example alpha=0.5")
    try:
        parsed = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return name, value
    return name, parsed if is_literal(parsed) else value


def may_be_set(name: str) -> bool:
    """Whether a cell can bind that name."""
    return name.isidentifier() and not keyword.iskeyword(name)


def is_literal(value: Any) -> bool:
    """Whether Python can read a value again as it writes it; infinity, which 1e999 reads as, is no literal."""
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def source_of(body: Json) -> str:
    """Return a cell's source, which the format allows to be a list of lines."""
    source = body.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def tags_of(body: Json) -> tuple[str, ...]:
    """Return a cell's tags."""
    metadata = body.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()


def without_colours(text: str) -> str:
    """Take a terminal's colours out of a line."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def _index(cells: list[Json], tag: str) -> int | None:
    found = (number for number, body in enumerate(cells) if body.get("cell_type") == "code" and tag in tags_of(body))
    return next(found, None)


def _rights(path: Path) -> int:
    """Return the rights of the file that is replaced, or those a new one would get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
