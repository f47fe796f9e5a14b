"""Whether what pickle writes of an object can be loaded, told from its type's signatures and without running its code.

Loading a payload to find out would: a figure opens a window, a widget a channel, a model takes the next number.
"""

from __future__ import annotations

import copyreg
import inspect
import types
from typing import Any

from ensession.serial import rebuild

NEW_OBJECT: Any = vars(copyreg)["__newobj__"]
"""What pickle itself names for an object that is made without arguments and then given its state."""
WAYS = ("__reduce_ex__", "__reduce__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__")
"""Methods with which a class may have a way of its own to be pickled."""
_GIVEN_BY: dict[type, int] = {int: 1, float: 1, complex: 2, str: 1, bytes: 1, tuple: 1}
"""How many arguments ``__getnewargs__`` of Python's own types gives."""


def why_not_made_again(kind: type) -> str | None:
    """Return why pickle can write objects of a type, but not load them; None where it can, as far as is known.

    By default pickle calls ``__new__`` with the class alone, or with what ``__getnewargs__`` gives.

    Parameters
    ----------
    kind : type

    Returns
    -------
    str or None
        The reason.
    """
    if issubclass(kind, type) or kind in copyreg.dispatch_table:  # classes are reduced in other ways
        return None
    if any(_found(kind, name)[0] is not object for name in ("__reduce__", "__reduce_ex__")):
        return None
    _, make = _found(kind, "__new__")
    function = make.__func__ if isinstance(make, staticmethod) else make
    if not isinstance(function, types.FunctionType) or _found(kind, "__getnewargs_ex__")[0] is not None:
        return None
    giver, _ = _found(kind, "__getnewargs__")
    n_given = 0 if giver is None else _GIVEN_BY.get(giver)
    if n_given is None or _accepts(function, 1 + n_given):
        return None
    return f"a {kind.__qualname__} can't be made again: its __new__ takes arguments that pickle does not know"


def _accepts(function: types.FunctionType, n_given: int) -> bool:
    """Whether a function can be called with so many positional arguments, and nothing else."""
    code = function.__code__
    if n_given < code.co_argcount - len(function.__defaults__ or ()):
        return False
    if n_given > code.co_argcount and not code.co_flags & inspect.CO_VARARGS:
        return False
    by_name = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return set(by_name) <= set(function.__kwdefaults__ or ())


def reduce_exception(value: BaseException) -> Any:
    """Reduce an exception as it says itself; that somebody looked at its empty dict is no part of it."""
    reduced = value.__reduce_ex__(4)
    if isinstance(reduced, tuple) and len(reduced) == 3 and reduced[2] == {}:  # noqa: PLR2004
        reduced = reduced[:2]
    if type(value).__reduce__ is BaseException.__reduce__ and _makes_its_arguments(type(value), value.args):
        return rebuild.exception, (type(value), *reduced[1]), *reduced[2:]
    return reduced


def _makes_its_arguments(kind: type[BaseException], arguments: tuple[Any, ...]) -> bool:
    """Whether an exception may make what it hands to its base class of what it is given: it can't be made of that."""
    makers: tuple[Any, ...] = (kind.__init__, kind.__new__)
    own = [one for one in makers if isinstance(one, types.FunctionType)]
    if own and not has_slots(kind, "builtins"):  # those would be filled by nobody else
        return True
    return not all(_accepts(one, 1 + len(arguments)) for one in own)


def has_slots(kind: type, library: str) -> bool:
    """Whether a class, apart from those of a library that it comes from, gives its instances slots."""
    lines = (vars(one).values() for one in kind.__mro__ if one.__module__ != library)
    return any(isinstance(member, types.MemberDescriptorType) for line in lines for member in line)


def state(obj: Any) -> Any:
    """Return all that pickle would write of an object of such a type: it stands for the object in a fingerprint."""
    made = [*obj.__reduce_ex__(5), None, None, None][1:5]
    arguments, attributes, items, pairs = made
    return arguments, attributes, list(items or ()), list(pairs or ())


def _found(kind: type, name: str) -> tuple[type | None, Any]:
    """Return the class that an attribute comes from, and the attribute as it stands there."""
    for base in kind.__mro__:
        if name in vars(base):
            return base, vars(base)[name]
    return None, None
