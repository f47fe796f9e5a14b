"""``%ens diff`` and ``%ens export``: the read API on the store that is being recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from IPython.display import display

from ensession.browse import Browser
from ensession.browse.cells import as_json, write_new
from ensession.display import one_line
from ensession.display.units import counted
from ensession.errors import UsageError
from ensession.magic.shell import file_named
from ensession.magic.show import progress
from ensession.session.session import Session

_EXPORT = "%ens export [@N] -o FILE [--script] [--minimal NAME …]"


def show_diff(session: Session, words: list[str]) -> None:
    """Carry out ``%ens diff A [B] [--deep]``; B is the live state by default."""
    flags, states = [word for word in words if word.startswith("--")], [w for w in words if not w.startswith("--")]
    if set(flags) - {"--deep"} or len(states) not in (1, 2):
        raise UsageError("not understood: say %ens diff A [B] [--deep], with numbers or names of states")
    if flags:
        session.flush()  # what is being stored right now need not be made again
    after = states[1] if len(states) > 1 else session.head
    with Browser(session.store.path, session.config) as browser:
        compare = browser.deep_diff if flags else browser.diff
        publish: Any = display
        publish(compare(states[0], after))


def export(session: Session, words: list[str]) -> None:
    """Carry out ``%ens export``: write a notebook or a script."""
    state, target, names, is_script = _export_words(words)
    with progress() as step, Browser(session.store.path, session.config) as browser:
        step(0, 0, f"export to {target.name}")
        at = session.head if state is None else state
        cells = browser.cells_for(*names, state=at) if names else browser.path_to(at)
        is_script = is_script or target.suffix == ".py"
        write_new(target, cells.script() if is_script else as_json(cells.notebook()))
    print(one_line(f"{target}: {counted(len(cells), 'cell')} on the way to state {cells.state or 0}."))
    for remark in cells.remarks:
        print(one_line(f"Note: {remark}."))


def _export_words(words: list[str]) -> tuple[str | None, Path, list[str], bool]:
    """Return the state, the file, the names and whether a script is meant."""
    rest, states, files, names, is_script = list(words), [], [], [], False
    while rest:
        word = rest.pop(0)
        if word == "--script":
            is_script = True
        elif word in ("-o", "--output") and rest:
            files.append(file_named(rest.pop(0)))
        elif word == "--minimal" and rest:
            while rest and rest[0].isidentifier():
                names.append(rest.pop(0))
        elif word.startswith("-"):
            raise UsageError(f"{word} is not understood here; say {_EXPORT}")
        else:
            states.append(word)
    if len(files) != 1 or len(states) > 1:
        raise UsageError(f"one file and at most one state are needed: {_EXPORT}")
    return states[0] if states else None, files[0], names, is_script
