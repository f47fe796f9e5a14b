"""What a session's variables are, execution by execution: looks, links, versions.

The tracker remembers each live co-variable by its fingerprint and by what its last look found; after an
execution it looks at those that the execution may have touched. It knows version ids, but no store.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ensession.capture.background import Suspects
from ensession.capture.change import Change, Fresh, Memory, Tracked, draft
from ensession.capture.covariables import link
from ensession.capture.grouping import Names, joined_by_cycles, keeps_identity, links_of
from ensession.capture.libraries import figures_are_open, package_of
from ensession.capture.looking import Looker
from ensession.capture.names import CellNames, CodeNames, analyse_code
from ensession.capture.namespace import UserNamespace
from ensession.capture.parts import Found, Parts
from ensession.capture.pausing import collector_paused
from ensession.capture.registry import Registry
from ensession.capture.results import Results
from ensession.capture.touch import Closure, Mentions, Touched, touched_by
from ensession.model import HIDDEN_PREFIX, VersionId
from ensession.serial.budget import Budget
from ensession.serial.definitions import SESSION_MODULE
from ensession.serial.kinds import is_of
from ensession.serial.look import ASSUMED, TAKEN_AS_RECORDED, Look
from ensession.serial.machinery import is_imported
from ensession.serial.scope import Scope
from ensession.serial.sinks import Room

_DEFINITIONS = (type, types.FunctionType)


class Tracker:
    """The live co-variables of one namespace.

    Parameters
    ----------
    user : UserNamespace
    room, budget
        See :class:`~ensession.capture.looking.Looker`.
    """

    def __init__(self, user: UserNamespace, room: Room | None = None, budget: Budget | None = None) -> None:
        self.user = user
        self.known = Registry()
        self.scope = Scope(user.live, user)
        self.looker = Looker(self.scope, room, budget)
        self._codes: dict[types.CodeType, CodeNames] = {}
        self._owed: set[str] = set()
        self._suspects: set[str] = set()
        self._libraries: dict[str, str] = {}
        self.results = Results(user.live)

    def touched(self, cell: CellNames, *, is_fresh: bool = False) -> Touched:
        """Return what a cell may touch, given what lives now; ``is_fresh``: it was asked just now what moved."""
        if not is_fresh:
            self._moved(self.user.view())
        return touched_by(cell, self._closure(), self.results.reached)

    def _closure(self) -> Closure:
        return Closure(self.known, self._libraries, self._analyse, figures_are_open=figures_are_open())

    def touched_in_background(self, suspects: Suspects) -> Touched:
        """Return what may be touched by something that runs by itself."""
        names, words, packages = set(suspects.names), set[str](), set[str]()
        everything = suspects.everything
        for code in suspects.codes:
            found = self._analyse(code)
            names |= found.loads | found.stores | found.deletes
            words |= found.loads | found.attributes
            packages |= found.imports
            everything = everything or found.dynamic
        seen, reason, _ = self._closure().of(names, Mentions(frozenset(words), frozenset(packages)))
        return Touched(frozenset(), frozenset(seen), everything or reason)

    def moved(self) -> bool:
        """Whether names were bound or deleted since the last look."""
        return any(self._moved(self.user.view()))

    def drift(self) -> dict[str, int | None]:
        """Return the names bound or deleted since the last look, with their values' ids (deleted: None; owed: 0)."""
        variables = self.user.view()
        rebound, deleted = self._moved(variables)
        return {n: id(variables[n]) for n in rebound} | dict.fromkeys(deleted) | dict.fromkeys(self._owed, 0)

    def examine(self, touched: Touched, hidden: Mapping[str, Any]) -> Change:
        """Look at what an execution may have touched.

        Parameters
        ----------
        touched : Touched
        hidden : Mapping[str, object]
            Snapshots of the hidden state that changed, by pseudo-variable.

        Returns
        -------
        Change
            Nothing is remembered before :meth:`commit`.
        """
        variables = self.user.view()
        rebound, deleted = self._moved(variables)
        names = (set(variables) if touched.everything else set(touched.names) & variables.keys()) | rebound
        names |= self._owed & variables.keys()
        self.looker.room.renew()
        with collector_paused():
            fresh = self._settle(names, rebound, deleted, variables)
            fresh += [self.inspect((name,), {name: value}, is_forced=True) for name, value in hidden.items()]
            fresh = [one.released() for one in fresh]
        reads = self._reads(touched, fresh, deleted)
        return draft(tuple(fresh), tuple(sorted(deleted)), reads, self.known)

    def audit(self, touched: Touched, hidden: Mapping[str, Any]) -> Change:
        """Look at what an execution may have touched, and hold everything else against the last looks.

        Returns
        -------
        Change
            As :meth:`examine` would find it, and what changed outside; ``outside`` names that.
        """
        change = self.examine(touched, hidden)
        outside = self._outside(change)
        if not outside:
            return change
        wider = Touched(touched.reads, touched.names | outside, touched.everything)
        return replace(self.examine(wider, hidden), outside=tuple(sorted(outside)))

    def _outside(self, change: Change) -> frozenset[str]:
        """Return names with a changed fingerprint or with new links that ``change`` does not know of."""
        variables = self.user.view()
        rebound, deleted = self._moved(variables)
        with collector_paused():
            everything = self._settle(set(variables), rebound, deleted, variables)
        reported = {name for one in change.changed for name in one.names}
        links_count = all(one.look.is_complete for one in everything)
        found: set[str] = set()
        for one in everything:
            before = self.known.get(one.names[0])
            if before is not None and before.names == one.names:
                prints = (before.fingerprint, one.fingerprint)
                differs = None not in prints and prints[0] != prints[1]
            else:
                differs = links_count
            if differs:
                found.update(set(one.names) - reported)
        return frozenset(found)

    def commit(self, change: Change, versions: Sequence[VersionId]) -> None:
        """Remember a change under the ids that the store gave to its versions."""
        self._owed.difference_update(change.deleted, *(one.names for one in change.fresh))
        self._owed &= self.user.live.keys()
        for name in (*change.deleted, *change.assumed):  # what nobody saw is new at the next look
            del self.known[name]
        given = dict(zip((one.names for one in change.changed), versions, strict=not change.assumed))
        for one in change.fresh:
            version = given.get(one.names)
            tracked = one.tracked(self.known[one.names[0]].version if version is None else version)
            self.known.update(dict.fromkeys(one.names, tracked))

    def freeze(self) -> Memory:
        """Return all that is known, so that :meth:`thaw` can bring it back."""
        return Memory(dict(self.known), frozenset(self._owed))

    def thaw(self, memory: Memory) -> None:
        """Know what was known when the memory was made, and nothing else."""
        self.forget()
        self.known.update(memory.known)
        self._owed.update(memory.owed)

    def owe(self, names: Iterable[str]) -> None:
        """Remember names whose change could not be recorded: the next execution looks at them again."""
        self._owed.update(names)

    def doubt(self, touched: Touched) -> None:
        """Have the next execution look again at what one may have changed, bound or deleted: its record broke off."""
        self.user.watch_anew()
        self._suspects.update(self.known)
        values = {name: value for name, value in self.user.variables().items() if not is_imported(value)}
        self.owe(values if touched.everything else values.keys() & touched.names)

    def forget(self) -> None:
        """Drop all that is known, before a restored state is learnt."""
        self.known.clear()
        self._owed.clear()
        self.results.forget()

    def learn(
        self,
        names: Names,
        values: Mapping[str, Any],
        version: VersionId,
        unstorable: str | None = None,
        seen: Look | None = None,
    ) -> None:
        """Take a restored co-variable, ``seen`` where it was looked at, as it is for its recorded version."""
        self.results.forget()
        if unstorable == ASSUMED:  # then there was no time to look at it, and nothing to compare a look with
            seen = replace(self.looker.glance(values), unstorable=TAKEN_AS_RECORDED)
        self.known.update(dict.fromkeys(names, self.inspect(names, values, seen).tracked(version)))

    def inspect(
        self, names: Names, values: Mapping[str, Any], seen: Look | None = None, *, is_forced: bool = False
    ) -> Fresh:
        """Look at a live co-variable, unless that was done; remember nothing. ``is_forced``: it has changed."""
        seen = seen or self.look(values)
        return Fresh(names, values, seen, self.looker.is_stable(values, seen), is_forced)

    def miss(self, names: Names, version: VersionId) -> None:
        """Take a recorded co-variable as gone: the next look finds it deleted."""
        gone = Tracked(names, version, {}, None, None, (), (), frozenset(), {})
        self.known.update(dict.fromkeys(names, gone))

    def look(self, values: Mapping[str, Any]) -> Look:
        """Look at values, and remember nothing."""
        return self.looker.fully(values)

    def _analyse(self, code: types.CodeType) -> CodeNames:
        if code not in self._codes:
            self._codes[code] = analyse_code(code)
        return self._codes[code]

    def _moved(self, variables: Mapping[str, Any]) -> tuple[set[str], set[str]]:
        """Return the names bound (anew) and those deleted since their last look."""
        fresh = self.user.changed() | self.known.stirred
        self.known.stirred.clear()
        for name in fresh:
            self._libraries.pop(name, None)
            package = package_of(variables.get(name), self.user.live)
            if package is not None and package != SESSION_MODULE:
                self._libraries[name] = package
        self._suspects |= fresh
        deleted = {name for name in self._suspects if name not in variables and name in self.known}
        deleted = {name for name in deleted - self.user.awaited if not name.startswith(HIDDEN_PREFIX)}
        rebound = {name for name in self._suspects if name in variables and not self._is_same(name, variables[name])}
        self._suspects = rebound | deleted
        return rebound, deleted

    def _is_same(self, name: str, value: Any) -> bool:
        known = self.known.get(name)
        return known is not None and known.ids.get(name) == id(value)

    def _settle(
        self, names: set[str], rebound: set[str], deleted: set[str], variables: Mapping[str, Any]
    ) -> list[Fresh]:
        """Look until no co-variable outside is drawn in by what was found."""
        if not names and not deleted:
            return []
        parts = Parts(self.looker, variables)
        while True:
            fresh = self._look_once(names, rebound, deleted, parts)
            seen = {name for one in fresh for name in one.names}
            more = self._drawn_in(fresh, deleted) - seen
            if not more:
                return fresh
            names = names | more

    def _look_once(self, names: set[str], rebound: set[str], deleted: set[str], looks: Parts) -> list[Fresh]:
        variables = looks.variables
        parts = looks.joined(self._partition(names, rebound, deleted, variables))
        found = dict(enumerate(looks.looks_at(parts)))
        groups: list[tuple[Names, Look]] = []
        for positions in self._join(parts, list(found.values()), looks):
            joint = tuple(sorted(name for position in positions for name in parts[position]))
            groups.append((joint, looks.together(joint, [found.pop(at) for at in positions])))
        changed = {n for n in rebound if is_of(variables[n], _DEFINITIONS)}
        return self._force_dependents([self._judge(group, seen, variables, changed) for group, seen in groups], deleted)

    def _partition(
        self, names: set[str], rebound: set[str], deleted: set[str], variables: Mapping[str, Any]
    ) -> list[Names]:
        """Rebound names start alone; the others of their co-variable stay together where they are known to share."""
        parts: dict[Names, None] = {(name,): None for name in self.user.in_order(rebound)}
        for name in [*self.user.in_order(names), *sorted(deleted)]:
            known = self.known.get(name)
            rest = known.names if known is not None else ()
            stay = tuple(n for n in rest if n in variables and n not in rebound)
            if stay and not self._is_untouched_module(stay, variables):
                is_known = known is not None and known.unstorable not in (ASSUMED, TAKEN_AS_RECORDED)
                parts.update(dict.fromkeys([stay] if is_known else [(one,) for one in stay]))
        return list(parts)

    @staticmethod
    def _is_untouched_module(names: Names, variables: Mapping[str, Any]) -> bool:
        return len(names) == 1 and is_imported(variables[names[0]])

    def _join(self, parts: list[Names], found: list[Found], looks: Parts) -> list[list[int]]:
        taken = [one if isinstance(one, Look) else None for one in found]
        if len(parts) == 1 and taken[0] is not None and not taken[0].references:  # most cells: nothing to join
            return [[0]]
        values = [looks.variables[part[0]] if len(part) == 1 else None for part in parts]
        links = links_of([one if looks.can_share(part) else None for part, one in zip(parts, taken, strict=True)])
        identities = [
            id(value) if len(part) == 1 and keeps_identity(value) else None
            for part, value in zip(parts, values, strict=True)
        ]
        held = {at: one for at, one in enumerate(found) if isinstance(one, int)}
        joined = link(links, identities, held)
        return joined_by_cycles(joined, parts, self._references(parts, taken), self.known)

    def _references(self, parts: list[Names], looks: list[Look | None]) -> dict[str, tuple[str, ...]]:
        found = {name: one.references for part, one in zip(parts, looks, strict=True) if one for name in part}
        return self.known.references(name for targets in found.values() for name in targets) | found

    def _judge(self, names: Names, seen: Look, variables: Mapping[str, Any], redefined: set[str]) -> Fresh:
        values = {name: variables[name] for name in names}
        is_stable = self.looker.is_stable(values, seen)
        before = self.known.get(names[0])
        is_changed = (
            before is None
            or before.names != names
            or seen.fingerprint is None
            or not is_stable
            or before.fingerprint != seen.fingerprint
            or not redefined.isdisjoint(names)
        )
        return Fresh(names, values, seen, is_stable, is_changed)

    def _force_dependents(self, fresh: list[Fresh], deleted: set[str]) -> list[Fresh]:
        """Give a new version to all that refers to a definition with a new version."""
        while True:
            changed = {name for one in fresh if one.is_changed for name in one.names} | deleted
            behind = [not one.is_changed and not changed.isdisjoint(one.look.references) for one in fresh]
            if not any(behind):
                return fresh
            fresh = [
                Fresh(one.names, one.values, one.look, one.is_stable, one.is_changed or late)
                for one, late in zip(fresh, behind, strict=True)
            ]

    def _drawn_in(self, fresh: list[Fresh], deleted: set[str]) -> set[str]:
        """Names of co-variables outside that a change inside reaches: dependents, cycles, shared labels."""
        changed = {name for one in fresh if one.is_changed for name in one.names} | deleted
        labels = {key: names for one in fresh for key, names in one.look.labels.items()}
        return (self.known.referring(changed) | set(self.known.relabelled(labels))) - deleted

    def _reads(self, touched: Touched, fresh: list[Fresh], deleted: set[str]) -> tuple[VersionId, ...]:
        names = set(self.known) if touched.everything else set(touched.reads)
        names |= {name for one in fresh if one.is_changed for name in one.names if self._survives(name, one)}
        names = {name for name in names | deleted if not name.startswith(HIDDEN_PREFIX)}
        names |= {one.names[0] for one in fresh if one.names[0].startswith(HIDDEN_PREFIX)}
        return tuple(sorted({self.known[name].version for name in names if name in self.known}))

    def _survives(self, name: str, one: Fresh) -> bool:
        known = self.known.get(name)
        return known is not None and known.ids.get(name) == id(one.values[name])
