"""Which of the awaited variables have to be there before some code runs: capture's own rule, for values yet unseen."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from ensession.capture.names import CellNames, analyse_cell
from ensession.capture.touch import Touched
from ensession.capture.tracker import Tracker
from ensession.errors import EnsessionError
from ensession.model import VersionId
from ensession.serial.words import words_in
from ensession.session.environment import importable
from ensession.store import Store

_LISTING = frozenset({"dir", "dump_session", "dump_module", "dump_module_asdict"})
"""Functions that show or keep all names of the session, which capture need not mind: they change nothing."""
_BY_NAME = frozenset({"pickle", "dill", "cloudpickle", "joblib", "shelve", "read_pickle", "get_type_hints"})
"""What looks the session's classes and functions up by names that stand in no code."""
_LISTING_MAGIC = re.compile(r"run_line_magic\(['\"](?:who|whos|who_ls|psearch)['\"]")
_READ_BYTES = 4 << 20
"""Streams up to this size are searched for words; a larger value may belong to any library."""
_FIRST_BYTES = 1 << 16
"""Of a stream, where only time is at stake: a value's class stands before what is in it."""


@dataclass(frozen=True, slots=True)
class Code:
    """What is known of code that is about to run.

    Attributes
    ----------
    is_listing : bool
        It lists the session's names.
    """

    names: CellNames
    is_listing: bool


class Needs:
    """Finds what code may touch of what is awaited.

    A value that is not there yet has no types and no code to look at. Its co-variable's names and the definitions
    that it refers to are in the store; the libraries that it may belong to are among the words of its payload. What
    code in it uses shows when it is there: then the question is asked again.

    Parameters
    ----------
    store : Store
    tracker : Tracker
    transform : callable
        Turns IPython's syntax into Python.
    """

    def __init__(self, store: Store, tracker: Tracker, transform: Callable[[str], str]) -> None:
        self._store = store
        self._tracker = tracker
        self._transform = transform
        self._libraries: dict[VersionId, frozenset[str]] = {}

    def analyse(self, source: str, called: Collection[str] = ()) -> Code:
        """Return what the text of a cell says; ``called``: variables that are called though no text names them."""
        names = analyse_cell(source, self._transform)
        if called:
            exposed = {**dict.fromkeys(called, frozenset[str]()), **names.exposed}
            names = replace(names, exposed=exposed, loads=names.loads.union(called))
        return Code(names, not _LISTING.isdisjoint(names.loads | names.attributes) or self._runs_listing(source))

    def of(self, code: Code, awaited: Mapping[str, VersionId]) -> frozenset[str]:
        """Return the awaited names that have to be there before code may run.

        Parameters
        ----------
        code : Code
        awaited : Mapping[str, VersionId]
        """
        if code.is_listing:
            return frozenset(awaited)

        def spread(touched: Touched) -> set[str]:
            used = (touched.names | touched.reads) - self._only_bound(code.names, touched.reads)
            return {*used, *self._referring(used)}

        return self._among(code.names, awaited, spread)

    def used_by(self, definitions: Collection[str], awaited: Mapping[str, VersionId]) -> frozenset[str]:
        """Return the awaited names that the code of some definitions, which are there, may use."""
        names = CellNames(exposed=dict.fromkeys(definitions, frozenset()), loads=frozenset(definitions))
        return self._among(names, awaited, lambda touched: {*touched.names, *touched.reads})

    def _among(
        self, names: CellNames, awaited: Mapping[str, VersionId], spread: Callable[[Touched], set[str]]
    ) -> frozenset[str]:
        while True:
            if self._tracker.drift():  # what came between two cells is not analysed yet
                return frozenset(awaited)
            touched = self._tracker.touched(names)
            mentions = touched.mentions
            if touched.everything or not _BY_NAME.isdisjoint(mentions.words | mentions.packages):
                return frozenset(awaited)
            found = awaited.keys() & spread(touched)
            if not self._look_for_words({awaited[name] for name in found - names.loads}, awaited):
                return frozenset(found)

    def wants_import(self, version: VersionId) -> bool:
        """Whether loading a value may import a library that this process has not met yet, which takes its time."""
        if version not in self._libraries:
            try:
                stream = self._store.payloads.open(version).read_stream()
            except EnsessionError:  # its load will say what is wrong
                stream = b""
            self._libraries[version] = words_in(stream[:_FIRST_BYTES]) & self._importable
        return not self._libraries[version] <= sys.modules.keys()

    @cached_property
    def _importable(self) -> frozenset[str]:
        return importable(sys.path)

    def _only_bound(self, cell: CellNames, reads: Collection[str]) -> set[str]:
        """Return names that a cell binds without looking at them, and that nothing else hangs on."""
        bound = cell.stores - cell.loads - cell.deletes - frozenset(reads)
        known = self._tracker.known
        return {n for n in bound if n in known and known[n].names == (n,) and not known.referring([n])}

    def _referring(self, names: Iterable[str]) -> set[str]:
        """Return all that refers to some definitions: with a change of these it would no longer be what it was."""
        found: set[str] = set()
        more = set(names)
        while more:
            more = self._tracker.known.referring(more) - found
            found |= more
        return found

    def _look_for_words(self, versions: Collection[VersionId], awaited: Mapping[str, VersionId]) -> bool:
        """Find out which libraries values may belong to, where that is not known; say whether it is now."""
        is_news = False
        for version in versions:
            known = self._tracker.known[next(name for name, other in awaited.items() if other == version)]
            if known.packages is None and (words := self._words_of(version)) is not None:
                self._tracker.known.update(dict.fromkeys(known.names, replace(known, packages=words)))
                is_news = True
        return is_news

    def _words_of(self, version: VersionId) -> frozenset[str] | None:
        payload = self._store.history.version(version).payload
        if payload is None or payload.n_stream_bytes > _READ_BYTES:
            return None
        try:
            return words_in(self._store.payloads.open(version).read_stream())
        except EnsessionError:  # its load will say what is wrong
            return None

    def _runs_listing(self, source: str) -> bool:
        try:
            return _LISTING_MAGIC.search(self._transform(source)) is not None
        except SyntaxError:  # it can't run
            return False
