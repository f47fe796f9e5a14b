"""``%ens stats``, ``gc`` and ``forget``. In a notebook nobody is asked: without ``--yes`` they say what would go.

``--dry-run`` does so, too, as on the command line, and lets nothing go at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ensession.display import one_line
from ensession.display.units import counted, parse_size
from ensession.display.usage import shares_table, usage_table
from ensession.errors import UsageError
from ensession.magic.shell import place_of
from ensession.magic.show import show
from ensession.session.session import Session
from ensession.trust import Keyring
from ensession.upkeep import Collector, Forgetter, Loss, Retention, find
from ensession.upkeep.telling import collected_lines, find_lines, forgotten_lines, proposal_lines

SETTLED_S = 5.0
"""How long ``%ens flush`` waits until a copy of the file alone is complete: who reads an older state holds that up."""
_LINES = 10
_ASKING = ("--dry-run", "--yes")
_AGREE = "Nothing was changed. The same line with --yes does it."


def flushed(session: Session) -> list[str]:
    """Write all that is to be stored, looks included that there was no time for, and say what came of it."""
    problems = session.late.look_at_all()
    n_waiting = session.flush()
    n_left = session.store.behind.n_waiting
    is_in_file = session.store.settle(SETTLED_S)
    lines = [one_line(problem) for problem in problems]
    if n_left:
        lines.append(f"{counted(n_left, 'value')} could not be written yet; the next %ens flush tries again.")
    elif (names := session.assumed) and not problems:
        where = one_line(f"Not looked at yet, and not in {place_of(session.store.path)}: {', '.join(names)}")
        lines.append(f"{where}. That is done once nothing runs that may change it, this cell included.")
    else:
        waited = f"waited for {n_waiting} of them" if n_waiting else "nothing was waiting"
        lines.append(f"Every value that is to be stored is in {place_of(session.store.path)}: {waited}.")
    if not is_in_file:
        log = f"{place_of(session.store.path)}-wal"
        lines.append(f"Some of it is in {log} still, since another process reads an older state: copy with ens copy.")
    return lines


def _stats(session: Session, words: list[str]) -> None:
    _Options(words, flags=()).no_more()
    session.flush()
    usage = session.store.keeper.usage()
    show(usage_table(usage))
    for label, shares in (("variable", usage.by_variable()), ("cell", usage.by_cell()), ("type", usage.by_type())):
        if shares:
            show(shares_table(label, shares, _LINES))


def _gc(session: Session, words: list[str]) -> None:
    options = _Options(words, flags=("--keep-tagged", "--lossless", *_ASKING), valued=("--keep-last", "--max-size"))
    options.no_more()
    last, largest = options.value("--keep-last"), options.value("--max-size")
    if last is not None and not last.isdecimal():
        raise UsageError(f"{last!r} is no number of cells")
    retention = Retention(
        None if last is None else int(last),
        "--keep-tagged" in options.given,
        None if largest is None else parse_size(largest),
        "--lossless" in options.given,
    )
    session.flush()
    collector = Collector(session.store, Keyring.load())
    if "--dry-run" in options.given:
        _print(proposal_lines(collector.propose(retention)))
        return
    done = collector.collect(retention, lambda proposal: options.agrees(proposal_lines(proposal)))
    if done is None:
        print(_AGREE)
        return
    session.values_dropped(done.proposal.dropped)
    _print(collected_lines(done))


def _forget(session: Session, words: list[str]) -> None:
    options = _Options(words, flags=("--code", *_ASKING), valued=("--text",))
    texts = options.values("--text")
    session.flush()
    found = find(session.store, options.rest, texts, code="--code" in options.given)

    def agree(lost: Sequence[Loss]) -> bool:
        return options.agrees(find_lines(found, lost))

    forgetter = Forgetter(session.store, Keyring.load())
    if "--dry-run" in options.given:
        _print(find_lines(found, forgetter.losses(found)))
        return
    done = forgetter.forget(found, agree, texts)
    if done is None:
        print(_AGREE)
        return
    session.values_dropped(found.erasure.values)
    _print(forgotten_lines(done))


class _Options:
    """The words behind a verb: flags, options with a value, and the rest."""

    def __init__(self, words: list[str], flags: Sequence[str], valued: Sequence[str] = ()) -> None:
        self.given: set[str] = set()
        self.rest: list[str] = []
        self._values: dict[str, list[str]] = {}
        left = iter(words)
        for word in left:
            if word in valued:
                value = next(left, None)
                if value is None:
                    raise UsageError(f"{word} needs a value")
                self._values.setdefault(word, []).append(value)
            elif word in flags:
                self.given.add(word)
            elif word.startswith("--"):
                raise UsageError(f"unknown option {word}; here: {', '.join([*flags, *valued])}")
            else:
                self.rest.append(word)

    def value(self, option: str) -> str | None:
        """Return the last value of an option."""
        return self._values[option][-1] if option in self._values else None

    def values(self, option: str) -> list[str]:
        """Return all values of an option."""
        return self._values.get(option, [])

    def no_more(self) -> None:
        """Complain of words that mean nothing here."""
        if self.rest:
            raise UsageError(f"these words mean nothing here: {' '.join(self.rest)}")

    def agrees(self, lines: Iterable[str]) -> bool:
        """Say what would go; return whether the user agreed beforehand."""
        _print(lines)
        return "--yes" in self.given


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(one_line(line))


VERBS: dict[str, Callable[[Session, list[str]], None]] = {"stats": _stats, "gc": _gc, "forget": _forget}
