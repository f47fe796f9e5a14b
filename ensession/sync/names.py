"""Names of states between two copies: which of them are sent, given what both had. Pure.

What one copy lacks of that was taken away in it, and what differs from it was changed there: told as such, it does not
come back, nor is it kept under a second name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ensession.model import Digest
from ensession.model.parcels import RefChange, RefParcel, RefsBrought

_Key = tuple[str, str, Digest]


@dataclass(frozen=True, slots=True)
class Names:
    """What both copies know of tags and branches.

    Attributes
    ----------
    same : Mapping[str, RefParcel]
        Names that stood for the same state in both.
    told : frozenset
        Of names that stand for two states, these: each copy keeps its own, and has that of the other one under a
        second name, or had it.
    """

    same: Mapping[str, RefParcel] = field(default_factory=dict)
    told: frozenset[_Key] = frozenset()

    def to_send(self, refs: Sequence[RefParcel]) -> list[RefParcel]:
        """Return those of a copy's names that are new to the other one, or were changed."""
        return [ref for ref in refs if _key(ref) not in self.told and not _is_same(self.same.get(ref.name), ref)]

    def changes(self, refs: Sequence[RefParcel]) -> list[RefChange]:
        """Return what became in a copy of names that stood for the same state in both, where that changed."""
        now = {ref.name: ref for ref in refs}
        return [RefChange(was, now.get(name)) for name, was in self.same.items() if not _is_same(now.get(name), was)]

    def after(self, refs: Sequence[RefParcel], brought: RefsBrought) -> Names:
        """Return what both know when one has told the other of its names, and that answered what became of them."""
        disputed = {_key(ref) for ref in refs if ref.name in brought.disputed}
        told = self.told | disputed
        same = {name: ref for name, ref in self.same.items() if name not in brought.disputed}
        return Names(same | {ref.name: ref for ref in refs if _key(ref) not in told}, told)

    def held(self, here: Sequence[RefParcel], there: Sequence[RefParcel]) -> Names:
        """Return the same without what is of no use any more, given the names that both copies have."""
        ours, theirs = {_key(ref) for ref in here}, {_key(ref) for ref in there}
        agreed = {ref.name: ref for ref in there if _key(ref) in ours}
        left = {ref.name for ref in there}  # an older ensession keeps what was taken away here: it must not come back
        same = {name: ref for name, ref in self.same.items() if name in left}
        return Names(same | agreed, frozenset(key for key in self.told & (ours | theirs) if key[1] not in agreed))


def _key(ref: RefParcel) -> _Key:
    return ref.kind, ref.name, ref.execution


def _is_same(one: RefParcel | None, other: RefParcel) -> bool:
    return one is not None and _key(one) == _key(other)
