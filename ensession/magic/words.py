"""``%ens always``, ``never``, ``allow``, ``ignore``, ``pin`` and ``modules``."""

from __future__ import annotations

from collections.abc import Callable

from ensession.config import settings_of
from ensession.display import one_line
from ensession.errors import UsageError
from ensession.magic.shell import file_named
from ensession.model import ExecutionId, NameWord, Word
from ensession.session.checks import check_modules, write_modules
from ensession.session.session import Session

_BACK = "--not"
_MEANINGS = {
    Word.ALWAYS: "every restore of a state behind it runs it",
    Word.NEVER: "it is not run again",
    Word.ALLOW: "a restore may run it again",
    NameWord.IGNORE: "neither captured nor restored",
    NameWord.PIN: "always stored",
}
Verb = Callable[[list[str]], None]


def word_verbs(active: Callable[[], Session]) -> dict[str, Verb]:
    """Return the commands by which the user says something of executions and variables.

    Parameters
    ----------
    active : callable
        Returns the session that is being recorded, or raises.
    """
    verbs: dict[str, Verb] = {word.value: _about_executions(active, word) for word in Word}
    verbs.update({word.value: _about_names(active, word) for word in NameWord})
    verbs["modules"] = lambda words: _modules(active(), words)
    return verbs


def numbers_of(words: list[str]) -> list[ExecutionId]:
    """Return numbers of executions: ``3``, ``@3``, ``3,5``.

    Raises
    ------
    UsageError
    """
    parts = [part for word in words for part in word.split(",") if part]
    odd = [part for part in parts if not part.removeprefix("@").isdecimal()]
    if odd:
        raise UsageError(f"{odd[0]!r} is no number of an execution; %ens log lists them")
    return [ExecutionId(int(part.removeprefix("@"))) for part in parts]


def header_verb(line: str, body: str) -> None:
    """Complain: a header that is known never comes here, since it is taken off before the cell runs."""
    del body
    known = ", ".join(word.value for word in Word)
    raise UsageError(f"%%ens knows {known}, one of them alone in the first line, not {one_line(line)!r}")


def words_lines(session: Session) -> list[str]:
    """Return what there was no time to look at, and what the user said so far, in sentences."""
    said = {word: ", ".join(map(str, session.word.said(word))) for word in Word}
    named = {word: ", ".join(session.word.names(word)) for word in NameWord}
    lines = [f"Cells, {word}: {cells} ({_MEANINGS[word]})." for word, cells in said.items() if cells]
    lines += [f"Variables, {word}: {names} ({_MEANINGS[word]})." for word, names in named.items() if names]
    return [*_assumed_lines(session), *lines]


def _assumed_lines(session: Session) -> list[str]:
    names = session.assumed
    if not names:
        return []
    return [
        f"Assumed changed, and not looked at yet: {', '.join(names)}. That comes in a pause, or with %ens flush; at "
        f"once it would take more than {settings_of(session.config)['budget']} of the running time (%ens config "
        "budget=off does so)."
    ]


def _about_executions(active: Callable[[], Session], word: Word) -> Verb:
    def verb(words: list[str]) -> None:
        session, numbers = active(), numbers_of([one for one in words if one != _BACK])
        if not numbers:
            said = ", ".join(map(str, session.word.said(word))) or "none"
            print(f"{word} ({_MEANINGS[word]}): {said}")
        else:
            problems = (session.word.take_back if _BACK in words else session.word.say)(numbers, word)
            for problem in problems:
                print(one_line(problem))

    return verb


def _about_names(active: Callable[[], Session], word: NameWord) -> Verb:
    def verb(words: list[str]) -> None:
        session, names = active(), [name for word in words if word != _BACK for name in word.split(",") if name]
        if not names:
            print(f"{word} ({_MEANINGS[word]}): {', '.join(session.word.names(word)) or 'none'}")
        elif _BACK in words:
            session.word.take_back_names(names, word)
        else:
            for name, reason in session.word.say_names(names, word).items():
                print(f"{name} can't be stored: {one_line(reason)}")
            for name in session.word.absent(names):
                print(f"There is no variable {name} now. Should one come, it is {_MEANINGS[word]}.")

    return verb


def _modules(session: Session, words: list[str]) -> None:
    target = session.target(None)
    if words and (words[0] != "--write" or len(words) != 2):  # noqa: PLR2004 - the option and its folder
        raise UsageError("%ens modules lists them; %ens modules --write DIR writes their sources into a folder")
    modules = session.store.modules.of_line(target)
    if not modules:
        print("No module of your own was imported.")
        return
    if not words:
        for state in check_modules(modules):
            print(one_line(f"{state.module.name}: {state.condition}, recorded from {state.module.path}"))
        return
    written = write_modules(session.store, target, file_named(words[1]))
    print("\n".join(one_line(str(path)) for path in written) or "All of them are there already.")


def split_allowed(words: list[str]) -> tuple[list[ExecutionId], list[str]]:
    """Split the numbers of ``--allow`` off the words of a command: those that are numbers and nothing else.

    Raises
    ------
    UsageError
        There are none.
    """
    numbers = [word for word in words if word.replace(",", "").isdecimal()]
    if not numbers:
        raise UsageError("--allow takes numbers of executions, such as --allow 3,5; %ens plan names them")
    return numbers_of(numbers), [word for word in words if word not in numbers]
