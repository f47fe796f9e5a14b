"""What every kind of hidden state can do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ensession.errors import HiddenStateError
from ensession.model import HIDDEN_PREFIX


class Kind:
    """One kind of hidden state.

    Attributes
    ----------
    name : str
        Without the brackets of the pseudo-variable.
    is_bound : bool
        It holds values of variables: where those are others, it has to be put back though its snapshot is the same.
    """

    name = ""
    is_bound = False

    @property
    def variable(self) -> str:
        """The name of the pseudo-variable."""
        return f"{HIDDEN_PREFIX}{self.name}>"

    def glance(self) -> Any:
        """Return something that is quick to get and to compare, equal while the state is; None: no such library yet."""
        raise NotImplementedError(self.name)

    def snapshot(self, glance: Any) -> Any:
        """Return the state as it is to be stored."""
        return glance

    def write(self, value: Any) -> None:
        """Put a snapshot back.

        Raises
        ------
        OSError, ImportError
            It can't be put back here, and code would run differently without it.
        HiddenStateError
            Some of it can't be put back here; the rest was.
        """
        raise NotImplementedError(self.name)

    def recorded(self, value: Any) -> str | None:
        """Hear that a snapshot was recorded; say what of it would not come back, None if all of it does."""
        return None

    def awaited(self) -> frozenset[str]:
        """Return the variables that have to be there before a cell may run, for what a snapshot put back calls."""
        return frozenset()

    def put_back(self, value: Any) -> None:
        """Put a snapshot of this very process back."""
        self.write(value)


class Generator(Kind):
    """A random number generator: an execution that draws from it reads it and binds it anew."""

    def origin(self) -> Any:
        """Return the snapshot from when its library was loaded, though it may have been drawn from; None: not known."""
        return None


class Condition(Kind):
    """A setting or a place that every execution runs under, and thus reads.

    Attributes
    ----------
    usual : object
        The snapshot that need not be reported: nobody has changed anything.
    is_undone_for_older : bool
        A cell from before its first change is run again without it.
    """

    usual: Any = None
    is_undone_for_older = True


def complain(name: str, lost: Iterable[str]) -> None:
    """Raise :class:`HiddenStateError` if anything was lost."""
    missing = sorted(lost)
    if missing:
        raise HiddenStateError(f"of {name}, this is not known here: {', '.join(missing)}")
