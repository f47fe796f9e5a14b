"""What IPython's magics and shell escapes do to names, as a table.

Pure: no input or output, no clock, no logging, no pickle, no IPython. A magic that is not in the tables is
assumed to touch everything.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter

from ensession.capture.bytecode import identifiers

_EXTENSION_WORDS = ("autoreload", "load_ext", "reload_ext", "unload_ext", "tensorboard", "ens")
_PLAIN = frozenset(
    {
        *("alias", "alias_magic", "unalias", "autoawait", "autocall", "automagic", "bookmark", "cd", "colors"),
        *("dhist", "dirs", "doctest_mode", "env", "set_env", "gui", "hist", "history", "logoff", "logon", "logstart"),
        *("logstate", "logstop", "lsmagic", "magic", "matplotlib", "notebook", "pastebin", "pdb", "popd", "pprint"),
        *("precision", "pushd", "pwd", "quickref", "rehashx", "save", "tb", "who", "who_ls", "whos", "xmode"),
        *("autosave", "connect_info", "qtconsole", "clear", "psearch", "subshell", "cat", "ls", "ldir", "lf", "lk"),
        *("ll", "lx", "man", "more", "less", "killbgscripts"),
        *("html", "HTML", "javascript", "js", "latex", "markdown", "svg", "SVG", "writefile", "file"),
        *_EXTENSION_WORDS,
    }
)
_PROGRAMS = frozenset(
    {
        *("!", "sx", "system", "bash", "sh", "script", "perl", "ruby", "python", "python2", "python3", "pypy", "cmd"),
        *("pip", "conda", "mamba", "micromamba", "uv", "cp", "mkdir", "mv", "rm", "rmdir"),
    }
)
_HELP = frozenset({"pinfo", "pinfo2", "pdoc", "pdef", "psource", "pfile", "page", "pycat"})
_PYTHON_OPTIONS = {"time": "", "prun": "D:l:rs:T:q", "memit": "r:t:i:co"}
"""Magics that run their line or body in the session, with their short options as getopt spells them."""
_TIMEIT_OPTIONS = "n:r:tcp:qov:"
_SCRIPT_OUTPUT = re.compile(r"--(?:out|err|proc)[= ]+(\w+)")
_OPTION = re.compile(r"\s*-(-[\w-]+|[A-Za-z]+)(\S*)")
_DOLLAR = re.compile(r"\$(\$?[\w.]+)")


@dataclass(frozen=True, slots=True)
class MagicCall:
    """What one use of a magic or shell escape does to names.

    Attributes
    ----------
    python : str
        Source that it runs in the session, as a cell would be.
    timed : tuple[str, str] or None
        Setup and body that run inside a function, where assignments stay local.
    expressions : tuple[str, ...]
        Python expressions that are evaluated to build its line.
    loads, stores : frozenset[str]
        Names that it reads and may bind.
    system : str or None
        The program that it runs, as the user wrote it.
    dynamic : str or None
        Why it may touch every name.
    """

    python: str = ""
    timed: tuple[str, str] | None = None
    expressions: tuple[str, ...] = ()
    loads: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    system: str | None = None
    dynamic: str | None = None


def interpolated(text: str) -> tuple[str, ...]:
    """Return the expressions that IPython evaluates in a line: ``{expression}`` and ``$name``.

    What does not parse as a Python expression makes IPython leave the line alone; the caller drops it.
    """
    found = []
    try:
        for literal, field, spec, _ in Formatter().parse(text):
            found += [name for name in _DOLLAR.findall(literal) if not name.startswith("$")]
            if field is not None:
                found.append(f"{field}:{spec}" if spec else field)
    except ValueError:  # unbalanced braces
        pass
    return tuple(found)


def split_options(line: str, options: str) -> tuple[dict[str, str], str]:
    """Split leading options off the line of a magic.

    Parameters
    ----------
    line : str
    options : str
        Short options as getopt spells them; every long option counts as one without a value.

    Returns
    -------
    tuple[dict[str, str], str]
        Option to value (empty where it takes none), and the rest of the line.
    """
    found: dict[str, str] = {}
    while match := _OPTION.match(line):
        word = match.group(1)
        if word.startswith("-"):
            found[word.lstrip("-")] = ""
            line = line[match.end() :]
            continue
        flag, rest = _first_option_with_value(word, options, found)
        line = line[match.end() :]
        if flag:
            value = rest + match.group(2)
            if not value:
                value, _, line = line.lstrip().partition(" ")
            found[flag] = value
    return found, line.strip()


def _first_option_with_value(word: str, options: str, found: dict[str, str]) -> tuple[str, str]:
    for position, letter in enumerate(word):
        if f"{letter}:" in options:
            return letter, word[position + 1 :]
        found[letter] = ""
    return "", ""


def shell_escape(command: str) -> MagicCall:
    """Return what ``!command`` does."""
    return MagicCall(expressions=interpolated(command), system=f"!{command.strip()}")


def line_magic(name: str, line: str) -> MagicCall:
    """Return what ``%name line`` does."""
    return _magic(name, line, None)


def cell_magic(name: str, line: str, body: str) -> MagicCall:
    """Return what ``%%name line`` with that body does."""
    return _magic(name, line, body)


def _magic(name: str, line: str, body: str | None) -> MagicCall:
    special = _SPECIAL.get(name)
    if special is not None:
        return special(line, body)
    if name in _PYTHON_OPTIONS:
        _, statement = split_options(line, _PYTHON_OPTIONS[name])
        return MagicCall(python="\n".join(part for part in (statement, body) if part))
    if name in _PLAIN:
        return MagicCall(expressions=interpolated(line))
    if name in _PROGRAMS:
        return _program(name, line, body)
    if name in _HELP:
        return MagicCall(loads=frozenset(identifiers(line)))
    sign = "%" if body is None else "%%"
    return MagicCall(dynamic=f"uses {sign}{name}")


def _program(name: str, line: str, body: str | None) -> MagicCall:
    sign = "%" if body is None else "%%"
    return MagicCall(
        expressions=interpolated(line),
        stores=frozenset(_SCRIPT_OUTPUT.findall(line)) if body is not None else frozenset(),
        system=f"{sign}{name} {line}".rstrip(),
    )


def _timeit(line: str, body: str | None) -> MagicCall:
    found, statement = split_options(line, _TIMEIT_OPTIONS)
    timed = ("", statement) if body is None else (statement, body)
    return MagicCall(timed=timed, stores=frozenset(filter(None, [found.get("v")])))


def _capture(line: str, body: str | None) -> MagicCall:
    _, output = split_options(line, "")
    return MagicCall(python=body or "", stores=frozenset(output.split()[:1]))


def _ens(line: str, body: str | None) -> MagicCall:
    return MagicCall(python=body or "", expressions=interpolated(line))


def _store(line: str, body: str | None) -> MagicCall:
    found, names = split_options(line, "")
    if "r" in found:
        return MagicCall(dynamic="uses %store -r")
    return MagicCall(loads=frozenset() if found else frozenset(identifiers(names)))


def _config(line: str, body: str | None) -> MagicCall:
    # IPython executes the assignment with the session's variables in reach.
    return MagicCall(loads=frozenset(identifiers(line.partition("=")[2])))


def _aimport(line: str, body: str | None) -> MagicCall:
    modules = [module.strip() for module in line.split(",")]
    return MagicCall(stores=frozenset(m.partition(".")[0] for m in modules if m and not m.startswith("-")))


_SPECIAL: dict[str, Callable[[str, str | None], MagicCall]] = {
    "timeit": _timeit,
    "capture": _capture,
    "ens": _ens,
    "store": _store,
    "config": _config,
    "aimport": _aimport,
}

_MAGIC_CALLS: dict[str, Callable[..., MagicCall]] = {
    "run_line_magic": line_magic,
    "run_cell_magic": cell_magic,
    "system": shell_escape,
    "getoutput": shell_escape,
}
_MAGIC_ARGUMENTS = {"run_line_magic": 2, "run_cell_magic": 3, "system": 1, "getoutput": 1}


def magic_of_call(node: ast.Call) -> MagicCall | None:
    """Return what a call does that IPython's transformer made of a magic or shell escape; None for any other."""
    function = node.func
    if not isinstance(function, ast.Attribute) or function.attr not in _MAGIC_CALLS or node.keywords:
        return None
    owner = function.value
    if not isinstance(owner, ast.Call) or not isinstance(owner.func, ast.Name) or owner.func.id != "get_ipython":
        return None
    texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if owner.args or owner.keywords or len(texts) != len(node.args) or len(texts) != _MAGIC_ARGUMENTS[function.attr]:
        return None
    return _MAGIC_CALLS[function.attr](*texts)
