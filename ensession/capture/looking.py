"""Looks at co-variables, with the collector out of the way and a budget in mind."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ensession.capture.pausing import collector_paused
from ensession.model import Fingerprint
from ensession.serial.budget import Budget, Limit, OverBudget
from ensession.serial.kinds import are_labels
from ensession.serial.look import Look, assumed, finished, look, second_fingerprint
from ensession.serial.registry import module_of
from ensession.serial.scope import Scope
from ensession.serial.sinks import Room

_TRUSTED_TYPES = frozenset("builtins numpy pandas __main__ collections datetime matplotlib networkx shapely".split())
"""Packages whose types pickle alike at each look, as tests show: that is not tried again in every session, since a look
at a figure is among the longest."""


class Looker:
    """Takes looks at values of one namespace.

    Parameters
    ----------
    scope : Scope
    room : Room, optional
        For payloads that are kept in looks, so that they are pickled only once.
    budget : Budget, optional
        How long looks at what an execution touched may take; by default as long as they do.
    """

    def __init__(self, scope: Scope, room: Room | None = None, budget: Budget | None = None) -> None:
        self._scope = scope
        self.room = room or Room()
        self.budget = budget or Budget(None, time.thread_time)
        self._stable: dict[type, bool] = {}

    @property
    def namespace(self) -> dict[str, Any]:
        """The live namespace."""
        return self._scope.namespace

    @contextmanager
    def at_any_cost(self, is_so: bool = True) -> Iterator[None]:
        """Take looks to the end: nothing could make again what would be given up."""
        share = self.budget.share
        self.budget.share = None if is_so else share
        try:
            yield
        finally:
            self.budget.share = share

    def fully(self, values: Mapping[str, Any]) -> Look:
        """Look to the end, whatever it takes."""
        with collector_paused():
            return look(values, self._scope, self.room)

    def within(self, values: Mapping[str, Any], limit_s: float | None) -> Look | None:
        """Look, but no longer than so many seconds of processor time; None where that is too short."""
        if limit_s is None:
            return self.fully(values)
        self.room.renew()
        limit = Limit(time.thread_time() + limit_s, time.thread_time)
        try:
            with collector_paused():
                return look(values, self._scope, self.room, limit)
        except OverBudget:
            return None

    def glance(self, values: Mapping[str, Any]) -> Look:
        """Look only at what they share with others, and assume a change."""
        with collector_paused():
            return assumed(values, self._scope)

    def refuses(self, values: Mapping[str, Any]) -> bool:
        """Whether it is known that a look would take more than is left."""
        return self.budget.refuses(values)

    def takes_for_fixed(self, value: Any) -> bool:
        """Whether other variables may hold the value without sharing a change: labels, and what is a library's own."""
        registry = self._scope.registry
        return registry.is_immutable(type(value)) or are_labels(value) or bool(registry.constants({id(value)}))

    def within_budget(self, values: Mapping[str, Any], *, is_open: bool = False) -> Look:
        """Look; or, where that would take more than is left, glance and assume a change.

        Parameters
        ----------
        values : Mapping[str, object]
        is_open : bool
            A fingerprint that takes another pass may wait until :meth:`completed`.
        """
        with collector_paused():
            found = self.budget.take(values, lambda limit: look(values, self._scope, self.room, limit, is_open=is_open))
            return found or assumed(values, self._scope)

    def completed(self, seen: Look) -> Look:
        """Return an open look with its fingerprint."""
        if seen.pending is None:
            return seen
        with collector_paused(), self.budget.spending():
            return finished(seen)

    def together(self, values: Mapping[str, Any], *, is_assumed: bool) -> Look:
        """Look at values that turned out to be one co-variable; ``is_assumed``: a part of it was assumed changed."""
        return assumed(values, self._scope) if is_assumed else self.within_budget(values)

    def once_more(self, values: Mapping[str, Any], seen: Look) -> Fingerprint | None:
        """Return the fingerprint of a second look."""
        with collector_paused(), self.budget.spending():
            return second_fingerprint(values, self._scope, seen)

    def is_stable(self, values: Mapping[str, Any], seen: Look) -> bool:
        """Whether looks at the same value agree; tried once for each type. The first look may fill a cache."""
        kinds = {type(value) for value in values.values()}
        foreign = [kind for kind in kinds if module_of(kind).partition(".")[0] not in _TRUSTED_TYPES]
        if seen.fingerprint is not None:
            untried = [kind for kind in foreign if kind not in self._stable]
            if untried:
                second = self.once_more(values, seen)
                agree = second == seen.fingerprint or second == self.once_more(values, seen)
                self._stable.update(dict.fromkeys(untried, agree))
        return all(self._stable.get(kind, True) for kind in foreign)
