"""What differs between two states, and between two values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ensession.model.basic import ExecutionId
from ensession.model.records import Binding, Execution


class ChangeKind(StrEnum):
    """How a variable of one state stands to that of another."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    ASSUMED = "assumed changed"
    """It was made anew, and has no fingerprint that could say whether it is the same."""
    EQUAL = "made anew, equal"
    """Another version with the same fingerprint."""


@dataclass(frozen=True, slots=True)
class ValueDiff:
    """What differs between two values.

    Attributes
    ----------
    is_equal : bool or None
        None: it can't be told.
    headline : str
        One line.
    details : tuple[str, ...]
        More lines: columns, parameters, a text diff.
    """

    is_equal: bool | None
    headline: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VariableDiff:
    """One name of two states.

    Attributes
    ----------
    before, after : Binding or None
        None where the state does not have it.
    n_new_bytes : int or None
        How many bytes of the later payload are in pieces that the earlier one does not have; None where one of the
        two has no stored payload.
    value : ValueDiff or None
        What a deep diff found.
    not_loaded : str
        Why a deep diff could not look at the values; empty where it did, or was not asked to.
    """

    name: str
    kind: ChangeKind
    before: Binding | None
    after: Binding | None
    n_new_bytes: int | None = None
    value: ValueDiff | None = None
    not_loaded: str = ""


@dataclass(frozen=True, slots=True)
class StateDiff:
    """What differs between two states.

    Attributes
    ----------
    left, right, ancestor : ExecutionId or None
        Numbers of the states and of the last one that both come from; None is state 0.
    only_left, only_right : tuple[Execution, ...]
        What was run on the way from the common ancestor to each of them.
    variables : tuple[VariableDiff, ...]
        By name; hidden state included.
    code : tuple[str, ...]
        Unified diff of the code that was run on the way to each.
    """

    left: ExecutionId | None
    right: ExecutionId | None
    ancestor: ExecutionId | None
    only_left: tuple[Execution, ...]
    only_right: tuple[Execution, ...]
    variables: tuple[VariableDiff, ...]
    code: tuple[str, ...]
