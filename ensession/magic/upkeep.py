"""The verbs for the room and content of a store; what they do is imported by their first use."""

from __future__ import annotations

from collections.abc import Callable

from ensession.session.session import Session


def upkeep_verbs(active: Callable[[], Session]) -> dict[str, Callable[[list[str]], None]]:
    """Return the commands that look after the store that is being recorded.

    Parameters
    ----------
    active : callable
        Returns the session that is being recorded, or raises.
    """

    def named(verb: str) -> Callable[[list[str]], None]:
        def run(words: list[str]) -> None:
            from ensession.magic.keeping import VERBS

            VERBS[verb](active(), words)

        return run

    return {verb: named(verb) for verb in ("stats", "gc", "forget")}
