"""Everything that reads a store, in a process of its own with little memory, where nothing of the store may be run.

``python -m tests.hostile.visit STORE FOLDER``: prints what came of each visit as JSON. Whatever is not an error of ours
or a display is raised. The process ends at once (exit code 3) where something is unpickled, a process or connection is
begun, or a file outside the folder is written to.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import os
import re
import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ensession.browse import Browser
from ensession.cli.entry import run
from ensession.config import Config
from ensession.errors import EnsessionError
from ensession.store import Store, check_store
from ensession.trust import Keyring
from tests.unit.markup import Markup

MEMORY_BYTES = 3 * 2**30
"""Of address space, what the libraries and their threads map included."""
LONGEST_S = 150.0
RESIDENT_BYTES = 2**30
_FORBIDDEN = ("pickle.find_class", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "socket.connect")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

COMMANDS: tuple[str, ...] = (
    *("log", "log --json", "log --graph", "log -n 2", "show 5", "show 6", "show 6 --json", "state", "state --json"),
    *("state --variable evil", "vars", "vars 3 --json", "plan", "plan --here", "versions squares", "lineage total"),
    *("dependents 2", "diff 2 6", "diff 2 6 --json", "stats", "tag", "branch", "search squares", "check"),
    *("check --json", "gc --dry-run", "forget --dry-run evil", "export", "export --script", "export --minimal total"),
)


def _guard(folder: Path) -> Callable[[str, tuple[Any, ...]], None]:
    inside = str(folder.resolve())

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        is_bad = event.startswith(_FORBIDDEN)
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            name = os.fspath(arguments[0]) if isinstance(arguments[0], str | Path) else ""
            is_bad = bool(name) and not os.path.realpath(name).startswith(inside) and name != os.devnull
        if is_bad:
            os.write(2, f"{event} {arguments!r}\n".encode("utf-8", "replace"))
            os._exit(3)

    return hook


def browse(path: Path) -> None:
    """Look at everything that the browser tells, as text and as HTML."""
    with Browser(path) as browser:
        shown: list[Any] = [*browser.executions(), *browser.states(), browser.path_to(), browser.diff(2, None)]
        shown += [variable for state in browser.states() for variable in state.values()]
        shown += [browser.sql("SELECT * FROM v_execution"), browser.search("squares"), browser]
        for one in shown:
            assert not _CONTROL.search(repr(one)), repr(one)
            if hasattr(one, "_repr_html_"):
                Markup(one._repr_html_())
        for execution in browser.executions():
            assert execution.outputs is not None
        browser.runs(), browser.refs(), browser.versions("squares"), browser.lineage("total"), browser.dependents(2)


def restore(path: Path) -> None:
    """Try to restore without trust."""
    from IPython.core.error import UsageError

    from tests.notebook import Notebook

    notebook = Notebook(path)
    try:
        notebook.ens(f"restore {path}")
    except UsageError as error:
        raise EnsessionError(str(error)) from error
    finally:
        notebook.kill()
    raise AssertionError("a store of somebody else was restored without trust")


def write(path: Path) -> None:
    """Open it for writing, and write."""
    with Store.open(path, Config()) as store:
        head = store.history.head()
        if head is not None:
            store.refs.add_tag("mine", head)


def visits(path: Path, folder: Path) -> dict[str, Callable[[], object]]:
    """Return all visits by name."""

    def fresh(name: str) -> Path:
        return Path(shutil.copy(path, folder / name))

    def command(*words: str) -> None:
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
            code = run(words)
        if not {"--json", "export", "-"} & set(words):
            assert not _CONTROL.search(shown.getvalue()), shown.getvalue()
        if code:
            raise EnsessionError(f"{code}: {shown.getvalue()[:300]}")

    def told(words: str) -> Callable[[], None]:
        name, *options = words.split()
        return lambda: command(name, str(path), *options)

    own = folder / "own.ens"
    found: dict[str, Callable[[], object]] = {words: told(words) for words in COMMANDS}
    found |= {
        "browse": lambda: browse(path),
        "sql": lambda: command("sql", str(path), "SELECT * FROM v_execution", "--timeout", "3"),
        "sql state": lambda: command("sql", str(path), "SELECT * FROM v_state_head", "--timeout", "3"),
        "check_store": lambda: check_store(path, Config()),
        "export to a file": lambda: command("export", str(path), "-o", str(folder / "out.ipynb")),
        "export a script": lambda: command("export", str(path), "--script", "-o", str(folder / "out.py")),
        "copy": lambda: command("copy", str(path), str(folder / "copy.ens")),
        "pack": lambda: command("pack", str(path), str(folder / "packed.ens")),
        "repair": lambda: command("repair", str(path), str(folder / "mended.ens")),
        "push": lambda: command("push", str(path), str(folder / "pushed.ens")),
        "sync": lambda: command("sync", str(fresh("there.ens")), str(own)),
        "write": lambda: write(fresh("written.ens")),
        "restore": lambda: restore(fresh("restored.ens")),
    }
    return found


def visit(path: Path, folder: Path) -> dict[str, str]:
    """Make all visits; return what came of each: ``shown``, or our error."""
    Store.create_or_open(folder / "own.ens", Config()).close()
    fates = {}
    before = path.read_bytes()
    for name, go in visits(path, folder).items():
        try:
            go()
            fates[name] = "shown"
        except EnsessionError as error:
            fates[name] = f"{type(error).__name__}: {str(error)[:300]}"
        except BaseException as error:
            error.add_note(f"in the visit {name!r}")
            raise
    assert path.read_bytes() == before, "reading changed the file"
    # What came into a store of the user's own, or was made from the file, is sound.
    for name in ("own.ens", "mended.ens"):
        if (folder / name).exists():
            fates[f"after: {name}"] = str(check_store(folder / name, Config()))
    return fates


def main() -> None:
    """Visit."""
    path, folder = Path(sys.argv[1]), Path(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    import tests.notebook  # noqa: F401  - imports read code with marshal and may write it, before anybody watches

    faulthandler.dump_traceback_later(LONGEST_S, exit=True)
    sys.dont_write_bytecode = True
    Keyring.load()  # made at first use
    sys.addaudithook(_guard(folder))
    fates = visit(path, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert peak < RESIDENT_BYTES, f"{peak} bytes"
    print(json.dumps({"fates": fates, "peak": peak}))


if __name__ == "__main__":
    main()
