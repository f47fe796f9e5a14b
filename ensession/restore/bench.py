"""What a restore works with: a namespace and a shell, a store's payloads, and what has come about so far."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from ensession.errors import HiddenStateError
from ensession.model import HIDDEN_PREFIX, Execution, ExecutionId, Fate, Fingerprint, PayloadSource, Version, VersionId

Values = Mapping[str, Any]
Progress = Callable[[int, int, str], None]


class Bench(Protocol):
    """Where a plan is carried out: a namespace, and a shell that runs cells in it."""

    @property
    def namespace(self) -> dict[str, Any]:
        """The live namespace; the globals of loaded functions."""

    def variables(self) -> dict[str, Any]:
        """Return the user's variables."""

    def replace(self, variables: Values) -> None:
        """Make exactly these the user's variables."""

    def hidden(self) -> dict[str, Any]:
        """Return a snapshot of the hidden state."""

    def set_hidden(self, name: str, value: Any) -> None:
        """Put hidden state back."""

    def as_usual(self, besides: Collection[str]) -> AbstractContextManager[None]:
        """Have conditions, other than these, for a while as they are where nobody changed them yet."""

    def run(self, code: str) -> BaseException | None:
        """Run a cell, without showing its outputs; return what it raised."""

    def working_in(self, folder: str) -> AbstractContextManager[None]:
        """Work in another folder for a while; stay where a cell goes by itself."""

    def agrees(self, values: Values, recorded: Fingerprint, version: VersionId | None = None) -> bool:
        """Whether a recorded fingerprint is one of this co-variable, which is the given version if it is."""


class Archive(Protocol):
    """What the executor reads of a store; every payload it opens may be unpickled."""

    def execution(self, id_: ExecutionId) -> Execution:
        """Return an execution."""

    def made_with(self, id_: VersionId) -> Mapping[VersionId, Version]:
        """Return a version and all others of its execution."""

    def why_incomparable(self, id_: ExecutionId) -> str | None:
        """Say why fingerprints of an execution can't be compared with those made here; None where they can."""

    def open(self, id_: VersionId) -> PayloadSource:
        """Return the payload of a version.

        Raises
        ------
        TrustError
            It may not be unpickled here.
        IntegrityError
        """


@dataclass
class Made:
    """What a plan has brought so far.

    Attributes
    ----------
    values, fates
        By version.
    loads : list of (int, int, float)
        Bytes of stream and buffers that were loaded, and the seconds that took: for the prices.
    notes : list of str
        What a run made otherwise than the first time, and was loaded instead; what came back otherwise than it was.
    """

    values: dict[VersionId, dict[str, Any]] = field(default_factory=dict)
    fates: dict[VersionId, tuple[Fate, str]] = field(default_factory=dict)
    loads: list[tuple[int, int, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def is_whole(self, version: VersionId, names: Collection[str]) -> bool:
        """Whether these are all names of a version; who ignores some of them has another co-variable."""
        return self.values[version].keys() <= set(names)


@contextmanager
def all_or_nothing(bench: Bench) -> Iterator[None]:
    """Put the namespace and the hidden state back as they were if anything goes wrong inside."""
    variables, hidden = bench.variables(), bench.hidden()
    try:
        yield
    except BaseException:
        bench.replace(variables)
        for name, value in hidden.items():
            bench.set_hidden(name, value)
        raise


@dataclass(frozen=True, slots=True)
class Refused:
    """Hidden state that can't be put back here.

    Attributes
    ----------
    is_decisive : bool
        Code would run differently without it: a working directory, unlike a setting of how tables are printed.
    """

    reason: str
    is_decisive: bool


def place(bench: Bench, values: Values) -> dict[str, Refused]:
    """Make some values the state: variables into the namespace, hidden state where it belongs.

    Returns
    -------
    dict
        Hidden state that can't be put back here, and why (a working directory that does not exist).
    """
    bench.replace({name: value for name, value in values.items() if not name.startswith(HIDDEN_PREFIX)})
    refused = {}
    for name, value in values.items():
        if name.startswith(HIDDEN_PREFIX):
            try:
                bench.set_hidden(name, value)
            except (OSError, ImportError) as error:
                refused[name] = Refused(f"it can't be put back here: {error}", is_decisive=True)
            except HiddenStateError as error:
                refused[name] = Refused(f"it can't all be put back here: {error}", is_decisive=False)
    return refused
