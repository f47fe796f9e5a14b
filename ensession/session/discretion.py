"""Passwords, keys and tokens are kept out of what is recorded, as far as they can be told; and the user hears of it.

Their values are not stored, nor shown, nor hashed into the store; values that hold one are not stored either. Where one
was printed, the record of the output has a mark in its place. The text of a cell is recorded as it is: it has to be run
again as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ensession.capture.change import Change, Fresh
from ensession.capture.secrecy import texts_of, why_secret
from ensession.model import HIDDEN_PREFIX, Output, Summary

SEARCHED_BYTES = 2**20
"""Payloads up to this size are searched for the secrets that are known."""
SHORTEST = 8
"""Shorter secrets stand in other texts by chance: they are looked for as literals in code only."""
MASK = "[not recorded: a secret]"


class Discretion:
    """Knows the secrets of one session.

    Parameters
    ----------
    may_store : callable
        Whether the user said that a co-variable is to be stored.
    tell : callable
        Tells the user something, once.
    """

    def __init__(self, may_store: Callable[[Iterable[str]], bool], tell: Callable[[str], None]) -> None:
        self._may_store = may_store
        self._tell = tell
        self._texts: dict[str, bytes] = {}
        self._literals: set[str] = set()

    def applied(self, change: Change) -> Change:
        """Return a change without what must not be recorded."""
        reasons = {}
        for index, one in enumerate(change.changed):
            why = self._why(one)
            if why is not None and not self._may_store(one.names):
                reasons[index] = why
        return _without(change, reasons) if reasons else change

    def told(self, change: Change, code: str) -> None:
        """Say what was left out of a change that is recorded, and what is in the text of its cell all the same."""
        for one in change.changed:
            if one.is_secret:
                names = ", ".join(one.names)
                self._tell(
                    f"ensession does not store {names}: it looks like a secret, or holds one. "
                    f"`%ens pin {one.names[0]}` stores it all the same"
                )
        if any(text in code for text in (*self._texts, *self._literals)):
            self._tell(
                "the text of a cell holds what looks like a secret, and is recorded: `%ens forget --text` takes it "
                "out. Better read such things from the environment, or with getpass"
            )

    def masked(self, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
        """Return outputs with a mark in the place of every secret that is known."""
        if not self._texts or not outputs:
            return outputs
        return tuple(replace(one, data=self._mask(one.data)) for one in outputs)

    def _why(self, one: Fresh) -> str | None:
        if one.names[0].startswith(HIDDEN_PREFIX):
            return None
        why = None
        for name, value in one.values.items():
            found = why_secret(name, value)
            if found is not None:
                why = why or found
                for text in texts_of(name, value):
                    self._learn(text)
        return why or self._why_inside(one)

    def _learn(self, text: str) -> None:
        if len(text) >= SHORTEST:
            self._texts[text] = text.encode("utf-8", "surrogatepass")
        else:
            self._literals.update((f"'{text}'", f'"{text}"'))

    def _why_inside(self, one: Fresh) -> str | None:
        if not self._texts or one.look.sink is None or one.look.n_stream_bytes > SEARCHED_BYTES:
            return None
        stream = one.look.sink.stream()
        return "it holds what looks like one" if any(text in stream for text in self._texts.values()) else None

    def _mask(self, content: Any) -> Any:
        if isinstance(content, str):
            for text in self._texts:
                content = content.replace(text, MASK)
            return content
        if isinstance(content, Mapping):
            return {key: self._mask(value) for key, value in content.items()}
        return [self._mask(value) for value in content] if isinstance(content, list) else content


def _without(change: Change, reasons: Mapping[int, str]) -> Change:
    """Withhold the values of some of what changed: fingerprint, size and preview say something of them, too."""
    versions = list(change.versions)
    for index, why in reasons.items():
        unstorable = f"it looks like a secret ({why}); `%ens pin` stores it all the same"
        versions[index] = replace(versions[index], fingerprint=None, n_bytes=0, unstorable=unstorable)
    bindings = tuple(
        replace(one, summary=Summary(one.summary.type_name if one.summary else "", preview="not shown"))
        if one.version in reasons
        else one
        for one in change.bindings
    )
    changed = tuple(replace(one, is_secret=index in reasons) for index, one in enumerate(change.changed))
    return replace(change, changed=changed, versions=tuple(versions), bindings=bindings)
