"""Executions, states and variables of a store as objects: frozen, small, and good to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ensession.browse.loading import load_values, warn_of_difference
from ensession.browse.source import Source
from ensession.display import (
    Table,
    bindings_table,
    duration,
    one_line,
    to_html,
    to_text,
    variable_table,
    variables_table,
)
from ensession.display.views import is_hidden
from ensession.errors import UnreachableVariableError
from ensession.model import Binding, Execution, ExecutionId, Output, Version

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True, slots=True, repr=False)
class Variable:
    """A variable of a past state. Nothing of its value is read before :meth:`load`.

    Attributes
    ----------
    name : str
    state : ExecutionId
        Number of the state that it was looked up in.
    binding : Binding
        What the store tells of it.
    """

    name: str
    state: ExecutionId
    binding: Binding
    _source: Source = field(compare=False)

    @property
    def type(self) -> str:
        """Qualified name of its type."""
        return self.binding.summary.type_name

    @property
    def shape(self) -> str:
        """For example ``(336776, 19)`` or ``len 12``; may be empty."""
        return self.binding.summary.shape

    @property
    def preview(self) -> str:
        """One short line."""
        return self.binding.summary.preview

    @property
    def n_bytes(self) -> int:
        """Size of its payload before compression, with what it shares; 0 where there is none."""
        return self.binding.version.n_bytes

    @property
    def execution(self) -> ExecutionId:
        """The execution that bound the name."""
        return self.binding.execution

    @property
    def made_by(self) -> PastExecution:
        """The execution that made the value."""
        return PastExecution(self._source.store.history.execution(self.binding.version.execution), self._source)

    @property
    def made_from(self) -> tuple[Version, ...]:
        """The versions that the execution used which made it."""
        return self.made_by.reads

    @property
    def shares_with(self) -> tuple[str, ...]:
        """Other names that share mutable objects or memory with it."""
        return tuple(name for name in self.binding.version.names if name != self.name)

    @property
    def is_stored(self) -> bool:
        """Whether its payload is in the store; else it has to be recomputed."""
        return self.binding.version.payload is not None

    def lineage(self) -> networkx.DiGraph:
        """Return the executions that it comes from; see :meth:`Browser.lineage`."""
        from ensession.browse.graphs import lineage

        return lineage(self._source, self.state, self.binding.version.id)

    def load(self) -> Any:
        """Return the value: unpickled, or recomputed in a scratch namespace, after a trust check.

        A function sees no other variable of the session then; :meth:`State.load` brings them together.

        Raises
        ------
        TrustError
            The store was not recorded by this user on this machine.
        UnreachableVariableError
            It can be neither loaded nor recomputed here; the message says why.

        Warns
        -----
        UserWarning
            It was recomputed and is not the value that was recorded.
        """
        loaded = load_values(self._source.store, self._source.keys(), self.state, [self.name])
        if self.name in loaded.missing:
            reason = loaded.missing[self.name]
            raise UnreachableVariableError(f"{self.name} of state {self.state} can't be loaded: {reason}")
        warn_of_difference(loaded.different)
        return loaded.values[self.name]

    def __repr__(self) -> str:
        shape = f" {self.shape}" if self.shape else ""
        return one_line(f"<{self.name}: {self.type}{shape}, made by cell {self.binding.version.execution}>")

    def _repr_html_(self) -> str:
        history, version = self._source.store.history, self.binding.version
        maker = history.execution(version.execution)
        reads = [f"{', '.join(one.names)}@{one.execution}" for one in history.reads(maker.id)]
        missing = self._source.missing(self.state, version.id)
        return to_html(variable_table(self.binding, missing, maker, reads, history.readers(version.id)))


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class State(Mapping[str, Variable]):
    """What the session was right after an execution: a mapping of names to variables.

    Attributes
    ----------
    number : ExecutionId or None
        Of the execution; None is state 0, the empty one.
    hidden : Mapping[str, Variable]
        Hidden state such as ``<random>``, which is not among the names of the mapping.
    """

    number: ExecutionId | None
    hidden: Mapping[str, Variable]
    _variables: Mapping[str, Variable]
    _source: Source

    @classmethod
    def at(cls, source: Source, number: ExecutionId | None) -> State:
        """Read a state."""
        found = {
            name: Variable(name, number, binding, source)
            for name, binding in source.bindings(number).items()
            if number is not None
        }
        hidden = {name: variable for name, variable in found.items() if is_hidden(name)}
        return cls(number, hidden, {name: one for name, one in found.items() if name not in hidden}, source)

    def load(self, *names: str) -> dict[str, Any]:
        """Return values of several variables (all of the state, by default) as a plain dict.

        What they shared they share there too, and functions see the other names as their globals. Trust is checked
        as in :meth:`Variable.load`.

        Raises
        ------
        NotFoundError, TrustError
        UnreachableVariableError
            One of them can't be had; the message says which and why.
        """
        if self.number is None:
            if names:
                self[names[0]]
            return {}
        loaded = load_values(self._source.store, self._source.keys(), self.number, names or tuple(self))
        if loaded.missing:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in loaded.missing.items())
            raise UnreachableVariableError(f"not all of state {self.number} can be loaded ({reasons})")
        warn_of_difference(loaded.different)
        return loaded.values

    def __getitem__(self, name: str) -> Variable:
        try:
            return self._variables[name]
        except KeyError:
            raise self._source.no_variable(name, self.number, list(self._variables)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __repr__(self) -> str:
        return to_text(self._table())

    def _repr_html_(self) -> str:
        return to_html(self._table())

    def _table(self) -> Table:
        missing = self._source.all_missing(self.number)
        state = {name: variable.binding for name, variable in {**self.hidden, **self._variables}.items()}
        return variables_table(state, missing, self.number)


@dataclass(frozen=True, slots=True, repr=False)
class PastExecution:
    """A recorded execution.

    Attributes
    ----------
    record : Execution
        What the store tells of it: ``parent``, ``kind``, ``started_at``, ``runtime_s``, ``error``, ``no_replay``, ….
    """

    record: Execution
    _source: Source = field(compare=False)

    @property
    def number(self) -> ExecutionId:
        """Its number N."""
        return self.record.id

    @property
    def code(self) -> str:
        """Source of the cell."""
        return self.record.code

    @property
    def outcome(self) -> str:
        """``ok``, ``error`` or ``interrupted``."""
        return self.record.outcome.value

    @property
    def parent(self) -> ExecutionId:
        """The number of the state that it started from; 0 is the empty one.

        Not None, as in its record: who asks for that state would get the latest.
        """
        return self.record.parent or ExecutionId(0)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What it put out."""
        return self._source.store.history.outputs(self.number)

    @property
    def reads(self) -> tuple[Version, ...]:
        """The versions that it used."""
        return tuple(self._source.store.history.reads(self.number))

    @property
    def changed(self) -> tuple[str, ...]:
        """The names that it bound or deleted; hidden state is left out."""
        found = self._source.store.history.bindings(self.number)
        return tuple(name for name, _ in found if not is_hidden(name))

    @property
    def state(self) -> State:
        """The state that it made."""
        return State.at(self._source, self.number)

    def dependents(self) -> networkx.DiGraph:
        """Return what depends on it; see :meth:`Browser.dependents`."""
        from ensession.browse.graphs import dependents

        return dependents(self._source, self.number)

    def __repr__(self) -> str:
        lines = self.code.strip().splitlines() or [f"({self.record.kind.value})"]
        more = " …" if len(lines) > 1 else ""
        took = duration(self.record.runtime_s)
        return one_line(f"<execution {self.number}, {self.outcome}, {took}: {lines[0]}{more}>")

    def _repr_html_(self) -> str:
        bindings = dict(self._source.store.history.bindings(self.number))
        return to_html(replace(bindings_table(bindings, {}), title=repr(self)))
