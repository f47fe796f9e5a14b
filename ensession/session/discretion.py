"""Passwords, keys and tokens are kept out of what is recorded, as far as they can be told; and the user hears of it.

Their values are not stored, nor shown, nor hashed into the store; values that hold one are not stored either. Where one
was printed, the record of the output has a mark in its place. The text of a cell is recorded as it is: it has to be run
again as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Any

from ensession.capture.change import Change, Fresh
from ensession.capture.secrecy import form_in, texts_of, why_secret
from ensession.model import HIDDEN_PREFIX, ExecutionDraft, ExecutionId, Summary

SEARCHED_BYTES = 2**20
"""Payloads up to this size are searched for the secrets that are known."""
READ_BYTES = 64 * 1024
"""Payloads up to this size are read for the forms of well-known secrets, too."""
SHORTEST = 8
"""Shorter secrets, and plain words, stand in other texts by chance: they are looked for as literals in code only."""
HIDDEN = "not shown"
_CUTS = ("...", "…")
"""What stands in a preview for what it leaves out."""
MASK = "[not recorded: a secret]"


class Discretion:
    """Knows the secrets of one session.

    Parameters
    ----------
    variables : callable
        Returns the live variables.
    may_store : callable
        Whether the user said that a co-variable is to be stored.
    tell : callable
        Tells the user something, once.
    """

    def __init__(
        self,
        variables: Callable[[], Mapping[str, Any]],
        may_store: Callable[[Iterable[str]], bool],
        tell: Callable[[str], None],
    ) -> None:
        self._variables = variables
        self._may_store = may_store
        self._tell = tell
        self._texts: dict[str, bytes] = {}
        self._literals: set[str] = set()
        self._head: ExecutionId | None = None

    def applied(self, change: Change, head: ExecutionId | None) -> Change:
        """Return a change without what must not be recorded.

        Parameters
        ----------
        change : Change
        head : ExecutionId or None
            The execution whose state it began with: after a restore or a checkout, another one than was recorded last.
        """
        if head != self._head:
            self._head = head
            for name, value in self._variables().items():
                self._own({name: value})
        reasons = {}
        open_to = {
            index: one
            for index, one in enumerate(change.changed)
            if not one.names[0].startswith(HIDDEN_PREFIX) and not self._may_store(one.names)
        }
        for index, one in open_to.items():  # all of them first: what holds a secret may come before it
            why = self._own(one.values)
            if why is not None:
                reasons[index] = why
        for index, one in open_to.items():
            if index not in reasons and self._holds(one):
                reasons[index] = "it holds what looks like one"
        return self._unseen(_without(change, reasons) if reasons else change)

    def withholds(self, one: Fresh) -> bool:
        """Whether a value that is looked at late must not be stored."""
        return not self._may_store(one.names) and (self._own(one.values) is not None or self._holds(one))

    def told(self, change: Change, code: str, head: ExecutionId) -> None:
        """Say what was left out of a change that is recorded, and what is in the text of its cell all the same."""
        self._head = head
        for one in change.changed:
            if one.is_secret:
                names = ", ".join(one.names)
                self._tell(
                    f"ensession does not store {names}: it looks like a secret, or holds one. "
                    f"`%ens pin {one.names[0]}` stores it all the same"
                )
        if form_in(code) is not None or any(text in code for text in (*self._texts, *self._literals)):
            self._tell(
                "the text of a cell holds what looks like a secret, and is recorded: `%ens forget --text` takes it "
                "out. Better read such things from the environment, or with getpass"
            )

    def masked(self, draft: ExecutionDraft) -> ExecutionDraft:
        """Return an execution with a mark in the place of every secret that it printed, raised or passed on."""
        if not self._texts:
            return draft
        return replace(
            draft,
            outputs=tuple(replace(one, data=self._mask(one.data)) for one in draft.outputs),
            error=self._mask(draft.error),
            # These name programs that ran, and quote what went wrong.
            **{name: self._mask(getattr(draft, name)) for name in ("caution", "no_replay", "not_captured")},
            effects=tuple(replace(one, detail=self._mask(one.detail)) for one in draft.effects),
        )

    def _own(self, values: Mapping[str, Any]) -> str | None:
        """Say why values look like secrets themselves, and remember their texts."""
        why = None
        for name, value in values.items():
            found = why_secret(name, value)
            if found is not None and not self._may_store([name]):
                why = why or found
                for text in texts_of(name, value):
                    self._learn(text)
        return why

    def _learn(self, text: str) -> None:
        if len(text) < SHORTEST or text.isalpha():
            self._literals.update((f"'{text}'", f'"{text}"'))
        else:
            self._texts[text] = text.encode("utf-8", "surrogatepass")
            # The longest first: one may begin like another.
            self._texts = dict(sorted(self._texts.items(), key=lambda item: -len(item[0])))

    def _holds(self, one: Fresh) -> bool:
        if one.look.sink is None or one.look.n_stream_bytes > SEARCHED_BYTES:
            return False
        stream = one.look.sink.stream()
        if any(text in stream for text in self._texts.values()):
            return True
        return len(stream) <= READ_BYTES and form_in(stream.decode("latin-1")) is not None

    def _unseen(self, change: Change) -> Change:
        """Return a change without previews that show a secret, or the beginning of one where they are cut short."""
        if not any(one.summary is not None and self._shows(one.summary.preview) for one in change.bindings):
            return change
        bindings = tuple(
            replace(one, summary=one.summary._replace(preview=HIDDEN))
            if one.summary is not None and self._shows(one.summary.preview)
            else one
            for one in change.bindings
        )
        return replace(change, bindings=bindings)

    def _shows(self, preview: str) -> bool:
        return any(_shows(preview, text) for text in self._texts)

    def _mask(self, content: Any) -> Any:
        if isinstance(content, str):
            for text in self._texts:
                content = content.replace(text, MASK)
            return content
        if isinstance(content, Mapping):
            return {key: self._mask(value) for key, value in content.items()}
        return [self._mask(value) for value in content] if isinstance(content, list) else content


def _shows(preview: str, text: str) -> bool:
    """Whether a preview shows a text, or more than a few letters of its beginning before it ends."""
    at = preview.find(text[:SHORTEST])
    while at >= 0:
        rest = preview[at:]
        n_alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(rest, text, strict=False)))
        if n_alike in (len(text), len(rest)) or rest.startswith(_CUTS, n_alike):
            return True
        at = preview.find(text[:SHORTEST], at + 1)
    return False


def _without(change: Change, reasons: Mapping[int, str]) -> Change:
    """Withhold the values of some of what changed: fingerprint, size and preview say something of them, too."""
    versions = list(change.versions)
    for index, why in reasons.items():
        unstorable = f"it looks like a secret ({why}); `%ens pin` stores it all the same"
        versions[index] = replace(versions[index], fingerprint=None, n_bytes=0, unstorable=unstorable)
    bindings = tuple(
        replace(one, summary=Summary(one.summary.type_name if one.summary else "", preview=HIDDEN))
        if one.version in reasons
        else one
        for one in change.bindings
    )
    changed = tuple(replace(one, is_secret=index in reasons) for index, one in enumerate(change.changed))
    return replace(change, changed=changed, versions=tuple(versions), bindings=bindings)
