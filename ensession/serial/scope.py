"""What a look has to know of the session, and which types can't change.

Imports nothing of the package that knows picklers.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import pathlib
import re
import types
import uuid
from dataclasses import dataclass, field
from typing import Any, Protocol

from ensession.serial.blind import Remembered
from ensession.serial.lending import Lenders
from ensession.serial.registry import Registry, shared_registry
from ensession.serial.timed import TimedCodes

IMMUTABLE = (
    str,
    bytes,
    int,
    float,
    complex,
    bool,
    type(None),
    tuple,
    frozenset,
    range,
    slice,
    types.ModuleType,
    types.CodeType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.tzinfo,
    decimal.Decimal,
    enum.Enum,
    fractions.Fraction,
    pathlib.PurePath,
    re.Pattern,
    uuid.UUID,
)

ATOMS = frozenset(
    {
        str,
        bytes,
        int,
        float,
        complex,
        bool,
        type(None),
        range,
        types.ModuleType,
        types.CodeType,
        datetime.date,
        datetime.timedelta,
        decimal.Decimal,
        fractions.Fraction,
        re.Pattern,
        uuid.UUID,
    }
)
"""Types, exactly, whose values can't change and hold nothing that can: a subclass has attributes."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A class or function that a session name is bound to.

    Attributes
    ----------
    root : str
        The name.
    path : tuple[str, ...]
        Attributes from the root's value to the object.
    """

    root: str
    path: tuple[str, ...] = ()


class Resolver(Protocol):
    """Knows which classes and functions the session's names stand for."""

    def find(self, obj: Any) -> Reference | None:
        """Return where the session keeps ``obj``, or None."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a pickler has to know of the session.

    Attributes
    ----------
    namespace : dict
        The live namespace: the globals of session functions.
    resolver : Resolver
    registry : Registry
        Reducers and fingerprints for further types.
    blind : Remembered
        Fingerprints that do not tell equal strings apart, of the payloads seen last.
    timed : TimedCodes
        Texts of code that was compiled under a name of no cell.
    lenders : Lenders
        Arrays in whose memory objects of other libraries lie.
    """

    namespace: dict[str, Any]
    resolver: Resolver
    registry: Registry = field(default_factory=shared_registry)
    blind: Remembered = field(default_factory=Remembered)
    timed: TimedCodes = field(default_factory=TimedCodes)
    lenders: Lenders = field(default_factory=Lenders)
