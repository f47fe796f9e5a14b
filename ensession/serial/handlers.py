"""What reduces the objects of one type, beside definitions, arrays and tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ensession.errors import UnserializableError
from ensession.serial import members, rebuild
from ensession.serial.constructible import reduce_exception
from ensession.serial.kinds import plain_parts
from ensession.serial.observed import observation
from ensession.serial.registry import Reducer

if TYPE_CHECKING:
    from ensession.serial.reducers import Reducers

Handler = Callable[["Reducers", Any], Any]
"""What reduces the objects of one type."""


def observe(fingerprint: Callable[[Any], Any], name: str, _reducers: Reducers, obj: Any) -> Any:
    """Reduce an object to what stands for it in a fingerprint."""
    state = fingerprint(obj)
    if state is NotImplemented:
        raise UnserializableError(f"this {type(obj).__qualname__} has no fingerprint")
    return observation, (name, state)


def leave(_reducers: Reducers, _obj: Any) -> Any:
    """Leave an object to plain pickle."""
    return NotImplemented


def reduce_known(known: Reducer, reducers: Reducers, obj: Any) -> Any:
    """Reduce an object as is registered for its type."""
    if known.fingerprint is not None:
        reducers.holds_observed = True
    if known.reduce_part is not None:
        return known.reduce_part(reducers.notes, obj)
    if known.memory is not None:
        part = known.memory(obj)
        lender = None if known.borrow is None else reducers.lender_of(part)
        if lender is not None and known.borrow is not None:
            return known.borrow(obj, *lender)
        reducers.foreign_ranges[part] = known
    return NotImplemented if known.reduce is None else known.reduce(obj)


def reduce_fixed(reduce: Handler, reducers: Reducers, obj: Any) -> Any:
    """Reduce what can't change: what it is made of changes as little, and others like it hold it too."""
    reducers.by_reference.update(map(id, plain_parts(obj)))
    return reduce(reducers, obj)


def reduce_forgetful(_reducers: Reducers, obj: Any) -> Any:
    """Reduce an object whose own reduction leaves its attributes out, where somebody gave it some."""
    attributes = obj.__dict__
    if attributes is obj:
        return _reduce_own_dict(obj)
    return with_attributes(obj.__reduce_ex__(5), dict(attributes)) if attributes else NotImplemented


def with_attributes(reduced: Any, attributes: dict[str, Any]) -> Any:
    """Return a reduction with attributes that it leaves out."""
    make, arguments, *rest = reduced
    state, items, pairs = (*rest, None, None, None)[:3]
    return make, arguments, (state, attributes), items, pairs, rebuild.with_attributes


def reduce_class_as_said(reducers: Reducers, cls: Any) -> Any:
    """Reduce a class as the library says that made its metaclass: SymPy's functions without a body are of that kind."""
    reference = reducers.reference(cls)
    if reference is not None:
        return reference
    reducers.by_reference.update(map(id, (cls, *plain_parts(cls))))
    return NotImplemented


def reduce_raised(_reducers: Reducers, error: Any) -> Any:
    """Reduce an exception."""
    return reduce_exception(error)


def reduce_enumerated(_reducers: Reducers, member: Any) -> Any:
    """Reduce a member of an enumeration of the session."""
    return members.reduce_member(member)


def reduce_dict(_reducers: Reducers, obj: Any) -> Any:
    """Reduce a dictionary of a class of its own."""
    return _reduce_own_dict(obj) if getattr(obj, "__dict__", None) is obj else NotImplemented


def _reduce_own_dict(obj: Any) -> Any:
    """Reduce a dictionary whose items are its attributes, too: plain pickle brings two dictionaries."""
    reduced = obj.__reduce_ex__(5)
    if len(reduced) != 5 or reduced[2] is not obj:  # noqa: PLR2004  (it has a way of its own)
        return reduced
    make, arguments, _, items, pairs = reduced
    return make, arguments, (), items, pairs, rebuild.own_dict
