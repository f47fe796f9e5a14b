"""What capture knows of a live co-variable, and what it found changed."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ensession.model import BindingDraft, Fingerprint, VersionDraft, VersionId
from ensession.serial.look import Look
from ensession.serial.summary import summarise


@dataclass(frozen=True, slots=True)
class Tracked:
    """A live co-variable as of its last look. Holds no reference to its values.

    Attributes
    ----------
    ids : Mapping[str, int]
        Id of each name's value: another id means rebound.
    fingerprint : Fingerprint or None
        None: touched means changed.
    packages : frozenset[str] or None
        None: not known, its value is still to come, or was not looked at.
    """

    names: tuple[str, ...]
    version: VersionId
    ids: Mapping[str, int]
    fingerprint: Fingerprint | None
    unstorable: str | None
    references: tuple[str, ...]
    codes: tuple[types.CodeType, ...]
    packages: frozenset[str] | None
    labels: Mapping[int, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a tracker knew at some moment."""

    known: Mapping[str, Tracked]
    owed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fresh:
    """A co-variable that was looked at after an execution.

    Attributes
    ----------
    is_stable : bool
        False: its type pickles differently from look to look, so that its fingerprint says nothing.
    is_changed : bool
        It needs a new version.
    is_secret : bool
        Its value goes nowhere.
    """

    names: tuple[str, ...]
    values: Mapping[str, Any]
    look: Look
    is_stable: bool
    is_changed: bool
    is_secret: bool = False

    @property
    def fingerprint(self) -> Fingerprint | None:
        """What the version's row gets."""
        return self.look.fingerprint if self.is_stable else None

    def released(self) -> Fresh:
        """Return it with a look that holds no more than what is to be recorded."""
        return replace(self, look=self.look.released())

    def tracked(self, version: VersionId) -> Tracked:
        """Return what to remember once the version is recorded."""
        ids = {name: id(value) for name, value in self.values.items()}
        seen = self.look
        return Tracked(
            self.names,
            version,
            ids,
            self.fingerprint,
            seen.unstorable,
            seen.references,
            seen.codes,
            seen.packages if seen.is_complete else None,
            seen.labels,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What an execution did to the namespace.

    Attributes
    ----------
    fresh : tuple[Fresh, ...]
        All co-variables that were looked at; ``changed`` are those among them that changed, in the same order.
    deleted : tuple[str, ...]
    assumed : tuple[str, ...]
        Names that count as changed though nobody could look at them.
    reads : tuple[VersionId, ...]
        Versions from before the execution that it used.
    outside : tuple[str, ...]
        Names among them that an audit found changed although nothing showed that they might be.
    versions, bindings
        Drafts for the store; versions in the order of ``changed``.
    """

    fresh: tuple[Fresh, ...]
    changed: tuple[Fresh, ...]
    deleted: tuple[str, ...]
    reads: tuple[VersionId, ...]
    versions: tuple[VersionDraft, ...]
    bindings: tuple[BindingDraft, ...]
    outside: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was bound, changed or deleted."""
        return not self.changed and not self.deleted and not self.assumed


def draft(
    fresh: tuple[Fresh, ...],
    deleted: tuple[str, ...],
    reads: tuple[VersionId, ...],
    known: Mapping[str, Tracked],
) -> Change:
    """Turn looks into drafts for the store."""
    changed = tuple(one for one in fresh if one.is_changed)
    position = {name: index for index, one in enumerate(changed) for name in one.names}
    versions = []
    bindings = [BindingDraft(name, None) for name in deleted]
    for index, one in enumerate(changed):
        needed = [name for name in one.look.references if position.get(name) != index]
        requires_new = sorted({position[name] for name in needed if name in position})
        requires = sorted({known[name].version for name in needed if name not in position and name in known})
        versions.append(
            VersionDraft(
                one.names,
                one.fingerprint,
                one.look.n_bytes,
                one.look.unstorable,
                tuple(requires),
                tuple(requires_new),
            )
        )
        bindings += [BindingDraft(name, index, summarise(one.values[name])) for name in one.names]
    return Change(fresh, changed, deleted, reads, tuple(versions), tuple(bindings))
