"""Executions as a Python script with ``# %%`` cells. Pure.

The script runs in a plain Python: magics and shell escapes are comments in it, as editors that know ``# %%`` cells
write them. Of a magic that only measures or captures (``%time``, ``%%time``, ``%%capture``, ``%prun``) what it ran
stays. A cell that no longer is Python without its magics is a comment as a whole.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable

from ensession.export.cells import PastCell
from ensession.export.openings import Openings

_ESCAPE = re.compile(r"(?:[\w.\[\]\"', ]+=\s*)?[%!?]|[^#'\"]*\?{1,2}\s*$")
_MEASURED_LINE = re.compile(r"%(?:time|prun|memit)\s+(?!-)(?P<statement>.+)")
_MEASURED_CELL = re.compile(r"%%(?:time|capture|prun)\b")


def script(cells: Iterable[PastCell], title: str) -> str:
    """Return the cells as a script.

    Parameters
    ----------
    cells : iterable of PastCell
        In history order.
    title : str
        Stands in the first line, as a comment.
    """
    futures: list[str] = []
    parts = [_cell(cell, futures) for cell in cells if cell.has_code or cell.note]
    heading = _commented(" ".join(title.split()))
    first = f"from __future__ import {', '.join(dict.fromkeys(futures))}\n\n" if futures else ""
    text = f"{heading}\n{first}\n" + "\n".join(parts)
    return text.encode("utf-8", "backslashreplace").decode()


def plain_python(code: str) -> str:
    """Return code that a plain Python compiles: as it is, or with what IPython adds to it as comments."""
    if _compiles(code):
        return code
    candidate = _without_magics(code)
    return candidate if _compiles(candidate) else _commented(code)


def _cell(cell: PastCell, futures: list[str]) -> str:
    number = cell.execution.id
    if not cell.has_code:
        return f"# %% [{number}]\n{_commented(cell.note)}\n"
    code = cell.execution.code.replace("\r\n", "\n").replace("\r", "\n")
    if not cell.has_failed:
        return f"# %% [{number}]\n{_hoisted(plain_python(code), futures).rstrip()}\n"
    reason = f"# %% [{number}] ended with an error: {' '.join((cell.execution.error or '').split())}"
    heading = _commented(reason.removeprefix("# "))
    body = plain_python(code)
    if cell.changed and _compiles(code):
        # What it changed before it failed may be needed later; a string keeps its own line breaks as they are.
        return (
            f"{heading}\ntry:\n    exec({body!r})\nexcept Exception as error:\n    print(type(error).__name__, error)\n"
        )
    return f"{heading}\n{_commented(code).rstrip()}\n"


def _hoisted(code: str, futures: list[str]) -> str:
    """Move imports from ``__future__`` to where a script has to have them."""
    if "__future__" not in code:
        return code
    lines = code.split("\n")
    for node in _quietly_parsed(code).body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            futures += [alias.name for alias in node.names]
            first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
            after = lines[last].encode()[node.end_col_offset or 0 :].decode()
            if ";" in after:  # more statements stand on the same line
                lines[last] = f"pass{after}"
                last -= 1
            lines[first : last + 1] = [_commented(line) for line in lines[first : last + 1]]
    return "\n".join(lines)


def _without_magics(code: str) -> str:
    lines = code.split("\n")
    first = next((place for place, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        if not _MEASURED_CELL.match(lines[first]):
            return _commented(code)
        body = "\n".join(lines[first + 1 :])
        return f"{_commented(lines[first])}\n{plain_python(body)}"
    openings, made = Openings(), []
    for line in lines:
        made.append(_without_magic(line) if openings.is_here else line)
        openings.read(made[-1])
    return "\n".join(made)


def _without_magic(line: str) -> str:
    stripped = line.lstrip()
    indent = line[: len(line) - len(stripped)]
    measured = _MEASURED_LINE.fullmatch(stripped)
    if measured:
        return f"{indent}{measured['statement']}"
    if not stripped or stripped.startswith("#") or not _ESCAPE.match(stripped):
        return line
    return f"{indent}pass  # {stripped}" if indent else f"# {stripped}"


def _commented(text: str) -> str:
    # No line of Python may hold a null, not even of a comment.
    text = text.replace("\0", " ")
    return "\n".join(f"# {line}".rstrip() for line in re.split(r"[\n\r\f\v\x1c-\x1e\x85\u2028\u2029]", text))


def _quietly_parsed(code: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(code)


def _compiles(code: str) -> bool:
    """Whether a plain Python takes it as a part of a file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, "<cell>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
