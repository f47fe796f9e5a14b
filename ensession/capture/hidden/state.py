"""All hidden state of this process, seen when it changes and put back on demand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ensession.capture.hidden.generators import NumpyRandom, PythonRandom, TorchRandom
from ensession.capture.hidden.kinds import Condition, Generator, Kind
from ensession.capture.hidden.options import Interpreter, Logging, SklearnSettings, TorchSettings
from ensession.capture.hidden.process import Directory, Locale, SearchPath, Variables
from ensession.capture.hidden.settings import Decimals, MatplotlibSettings, NumpySettings, PandasOptions, WarningFilters
from ensession.errors import HiddenStateError

_UNSEEN = object()


@dataclass(frozen=True, slots=True)
class Frozen:
    """The hidden state of a moment, and what was known of it."""

    values: Mapping[str, Any]
    glances: Mapping[str, Any]
    last: Mapping[str, Any]


class HiddenState:
    """The hidden state of this process, from the moment this object is made.

    Generators are reported from the first look on; conditions (the working directory, ``sys.path``, the
    environment, settings of libraries) only once somebody changed them: what nobody changed need not be put back.
    A look costs a comparison of cheap tokens; the snapshot is made when the token differs.

    Parameters
    ----------
    further : iterable of Kind
        Kinds that need more than the process.

    Attributes
    ----------
    home : str or None
        The working directory of cells from before it was first changed.
    """

    def __init__(self, further: Iterable[Kind] = ()) -> None:
        directory = Directory()
        kinds: tuple[Kind, ...] = (
            PythonRandom(),
            NumpyRandom(),
            TorchRandom(),
            directory,
            SearchPath(),
            Variables(),
            Locale(),
            WarningFilters(),
            Decimals(),
            NumpySettings(),
            PandasOptions(),
            MatplotlibSettings(),
            Interpreter(),
            Logging(),
            SklearnSettings(),
            TorchSettings(),
            *further,
        )
        self._kinds = {kind.variable: kind for kind in kinds}
        self._ways = [(kind.variable, kind.glance) for kind in kinds]
        self._glances: dict[str, Any] = {}
        self._usual_glances: dict[str, Any] = {}
        self._conditions = {kind.variable: kind for kind in kinds if isinstance(kind, Condition)}
        self._last: dict[str, Any] = {name: kind.usual for name, kind in self._conditions.items()}
        self._unborn = {kind.variable: kind for kind in kinds if isinstance(kind, Generator)}
        self._reported: dict[str, Any] = {}
        self.conditions = frozenset(self._conditions)
        self.home: str | None = directory.usual
        self.bound = frozenset(kind.variable for kind in kinds if kind.is_bound)

    def read(self) -> dict[str, Any]:
        """Return a snapshot of everything whose library is loaded."""
        glances = {name: kind.glance() for name, kind in self._kinds.items()}
        return {name: self._kinds[name].snapshot(glance) for name, glance in glances.items() if glance is not None}

    def origins(self) -> dict[str, Any]:
        """Return what generators were when their libraries were loaded, where they were drawn from since.

        A cell may load a library and draw from its generator at once, which has had its seed from the system.
        """
        found = {}
        for name, kind in list(self._unborn.items()):
            glance = kind.glance()
            if glance is None:
                continue
            del self._unborn[name]
            origin = kind.origin()
            if origin is not None and origin != kind.snapshot(glance):
                found[name] = self._last[name] = origin
        return found

    def changed(self) -> dict[str, Any]:
        """Return what differs from the last look, and remember it."""
        found = self._reported = dict[str, Any]()
        for name, look in self._ways:
            glance = look()
            if glance is None or glance == self._glances.get(name, _UNSEEN):
                continue
            self._glances[name] = glance
            self._unborn.pop(name, None)
            value = self._kinds[name].snapshot(glance)
            if value != self._last.get(name, _UNSEEN):
                found[name] = self._last[name] = value
        return found

    def doubt(self, names: Iterable[str]) -> None:
        """Report these again at the next look: they are not what was recorded last."""
        for name in names:
            self._glances.pop(name, None)
            self._last.pop(name, None)

    def doubt_last(self) -> None:
        """Report again what the last look found: it was not recorded."""
        self.doubt(self._reported)

    def freeze(self) -> Frozen:
        """Return all there is, so that :meth:`thaw` can undo whatever comes."""
        return Frozen(self.read(), dict(self._glances), dict(self._last))

    def thaw(self, frozen: Frozen) -> None:
        """Put everything back as it was in this process, and what was known of it."""
        present = self.read()
        for name, value in frozen.values.items():
            if present.get(name, _UNSEEN) != value:
                self._kinds[name].put_back(value)
        self._glances, self._last = dict(frozen.glances), dict(frozen.last)

    def leave(self, names: Iterable[str]) -> None:
        """Leave the history in which these were recorded.

        A condition becomes what it was when recording began; a generator is news at the next look.
        """
        for name in names:
            self.doubt([name])
            kind = self._conditions.get(name)
            if kind is not None and _put_back(kind, kind.usual):
                self._last[name] = kind.usual

    def arrive(self, former: Collection[str], state: Collection[str]) -> None:
        """Go on from another state, whose hidden state has just been put back.

        Parameters
        ----------
        former : collection of str
            What the history had recorded that is left, and that state has not.
        state : collection of str
            The names of the state.

        Notes
        -----
        A condition that neither has is one that this process alone is under: it is news at the next look.
        """
        own = (self.changed().keys() & self.conditions).difference(former, state)
        self.leave(former)
        self.doubt(own)

    @contextmanager
    def as_usual(self, besides: Collection[str]) -> Iterator[None]:
        """Have conditions for a while as they are where nobody changed them: for a cell from before the first change.

        What is made another meanwhile stays so, and so does what can't be put back: it is news at the next look.

        Parameters
        ----------
        besides : collection of str
            Conditions to leave alone.
        """
        former: dict[str, tuple[Any, Any]] = {}
        try:
            for name, kind in self._conditions.items():
                if kind.is_undone_for_older and name not in besides and self._is_unusual(name, kind):
                    present = _present(kind)
                    _put_back(kind, kind.usual)
                    former[name] = present, _present(kind)
            yield
        finally:
            for name, (before, meanwhile) in former.items():
                if _present(self._conditions[name]) == meanwhile:
                    _put_back(self._conditions[name], before)

    def _is_unusual(self, name: str, kind: Condition) -> bool:
        """Whether somebody has changed a condition; asked for each cell that runs again, so glances are remembered."""
        glance = kind.glance()
        if glance is None or glance == self._usual_glances.get(name, _UNSEEN):
            return False
        if kind.snapshot(glance) != kind.usual:
            return True
        self._usual_glances[name] = glance
        return False

    def recorded(self, changed: Mapping[str, Any]) -> list[str]:
        """Hear that these snapshots were recorded; say what of them would not come back."""
        known = [self._kinds[name].recorded(value) for name, value in changed.items()]
        return [warning for warning in known if warning is not None]

    def awaited(self) -> frozenset[str]:
        """Return the variables that have to be there before a cell may run, whatever it says."""
        return frozenset().union(*(kind.awaited() for kind in self._kinds.values()))

    def write(self, name: str, value: Any) -> None:
        """Put a snapshot back.

        Raises
        ------
        OSError, ImportError
            It can't be put back here, and code would run differently without it (a working directory that does
            not exist).
        HiddenStateError
            Some of it can't be put back here (an option that this version of a library does not have).
        """
        kind = self._kinds.get(name)
        if kind is None:
            raise ImportError(f"this version of ensession knows no hidden state {name}")
        self._unborn.pop(name, None)
        kind.write(value)


def _present(kind: Kind) -> Any:
    """Return a snapshot; None where there is no such library, or no working directory."""
    glance = kind.glance()
    return None if glance is None else kind.snapshot(glance)


def _put_back(kind: Kind, value: Any) -> bool:
    """Put a snapshot of this process back as far as that goes; say whether all of it is."""
    if value is None:  # the working directory, which was gone
        return False
    with suppress(OSError, ImportError, HiddenStateError):
        kind.put_back(value)
        return True
    return False
