"""Functions that payloads call when they are loaded. Their names and arguments are part of the on-disk format.

Those named in :data:`BOUND` need the live session namespace or the versions that a payload requires; the
loader puts a bound one in their place (see :class:`ensession.serial.loading.Rebuilder`). numpy is imported
only by payloads that hold arrays.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import linecache
import sys
import types
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ensession.errors import LoadFailedError
from ensession.serial.recompile import StoredCode, find

MARK = "ens:"
"""Payloads name these functions with this in front: a string of the user's that is called the same ("view", "array")
would be stored as that very name, or not, as its identity happens to be, and the fingerprint would differ."""
BOUND = frozenset({"required", "function", "session_dict", "code", "set_class_state"})

DATACLASS_REPLACE: Any = vars(dataclasses).get("_replace")
"""What dataclasses have for ``__replace__``, in Pythons that have it."""


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Lost:
    """Stands for code of another Python that could not be found again in its source."""

    stored: StoredCode
    reason: str


def required(name: str, *path: str) -> object:
    """Return a class or function of the session, from a version that the payload requires."""
    raise _outside_a_load(f"required {name} {path}")


def function(code: types.CodeType, scope: object, name: str, cells: tuple[Any, ...] | None) -> types.FunctionType:
    """Make a function; ``scope`` is None for the session namespace, a module's name, or a dict of globals."""
    raise _outside_a_load(f"function {name} {code} {scope} {cells}")


def session_dict() -> dict[str, Any]:
    """Return the live session namespace itself."""
    raise _outside_a_load("the session namespace")


def _outside_a_load(what: str) -> LoadFailedError:
    return LoadFailedError(f"{what}: this payload can only be loaded through ensession")


def set_function_state(target: types.FunctionType, state: Mapping[str, Any]) -> None:
    """Give a function its defaults, attributes and the contents of its closure cells."""
    for cell, contents in state["cells"]:
        cell.cell_contents = contents
    target.__defaults__ = state["defaults"]
    target.__kwdefaults__ = state["kwdefaults"]
    target.__module__ = sys.intern(state["module"]) if isinstance(state["module"], str) else state["module"]
    target.__qualname__ = sys.intern(state["qualname"])
    target.__doc__ = state["doc"]
    target.__annotations__ = state["annotations"]  # an empty one too: wrappers share it with what they wrap
    target.__dict__.update(state["attributes"])


def code(python: str, filename: str, source: str | None, *fields: Any) -> types.CodeType | Lost:
    """Make a code object; ``source`` is the text of its cell, registered for tracebacks and ``inspect``.

    Bytecode of another Python does not run here: the code is compiled from the source then.
    """
    if source is not None and filename not in linecache.cache:
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if python != here:
        return _compiled_again(python, filename, source, fields)
    make: Any = types.CodeType
    made: types.CodeType = make(*fields[:10], filename, *fields[10:])
    return made.replace(co_name=sys.intern(made.co_name), co_qualname=sys.intern(made.co_qualname))


def _compiled_again(python: str, filename: str, source: str | None, fields: Sequence[Any]) -> types.CodeType | Lost:
    (argcount, posonly, kwonly, _, _, flags, bytecode, _, _, varnames) = fields[:10]
    (_, qualname, line, linetable, _, freevars, _) = fields[10:]
    stored = StoredCode(
        argcount, posonly, kwonly, flags, len(bytecode), varnames, qualname, line, linetable, tuple(freevars)
    )
    found = find(source, filename, stored) if source is not None else None
    why = "it is not found in the source of its cell" if source is not None else "its source is not known"
    return found or Lost(stored, f"{qualname}: bytecode of Python {python} does not run here, and {why}")


def empty_cell() -> types.CellType:
    """Make a closure cell without contents."""
    return types.CellType()


def set_cell(cell: types.CellType, contents: tuple[Any, ...]) -> None:
    """Fill a closure cell; ``contents`` is empty for an empty one."""
    for value in contents:
        cell.cell_contents = value


def class_skeleton(meta: type, name: str, bases: tuple[type, ...], first: Mapping[str, Any]) -> type:
    """Make a class with those attributes only that have to be there at creation (slots, module, names).

    What a metaclass of the session does to a new class, and elsewhere, is part of the state: only the library's
    metaclass below it makes the class.
    """
    names = {key: sys.intern(value) if type(value) is str else value for key, value in first.items()}
    make: Any = next(one for one in meta.__mro__ if one.__module__ != "__main__")
    with no_subclass_hook(bases):
        made: type = make.__new__(meta, sys.intern(name), bases, names)
    return made


@contextlib.contextmanager
def no_subclass_hook(bases: tuple[type, ...]) -> Iterator[None]:
    """Silence ``__init_subclass__`` of the session: what it did to the class, and elsewhere, is part of the state."""
    hook = "__init_subclass__"
    line = [c for base in bases for c in getattr(base, "__mro__", ())]
    holders = [c for c in dict.fromkeys(line) if c.__module__ == "__main__" and hook in vars(c)]
    hooks = [vars(holder)[hook] for holder in holders]
    for holder in holders:
        type.__setattr__(holder, hook, classmethod(lambda cls, **words: None))
    try:
        yield
    finally:
        for holder, value in zip(holders, hooks, strict=True):
            type.__setattr__(holder, hook, value)


def set_class_state(target: type, state: Mapping[str, Any]) -> None:
    """Give a class its attributes, in their original order; no hook of the session's own runs."""
    for name, value in state.items():
        type.__setattr__(target, name, value)
    if DATACLASS_REPLACE is not None and "__dataclass_fields__" in state and "__replace__" not in state:
        type.__setattr__(target, "__replace__", DATACLASS_REPLACE)


def enum_class(
    meta: Any, name: str, bases: tuple[type, ...], members: Sequence[tuple[str, Any]], first: Mapping[str, Any]
) -> type:
    """Make an enumeration with its members; the rest follows with :func:`set_class_state`."""
    namespace = meta.__prepare__(name, bases)
    for key, value in first.items():
        namespace[key] = value
    for key, value in members:
        namespace[key] = value
    made: type = meta.__new__(meta, name, bases, namespace)
    return made


def dataclass_parameters(values: Mapping[str, Any]) -> Any:
    """Make what ``dataclass`` was called with: later Pythons remember more of it."""
    made: Any = vars(dataclasses.make_dataclass("_", ()))["__dataclass_params__"]
    for name in made.__slots__:
        setattr(made, name, values.get(name, getattr(made, name)))
    return made


def module(name: str, *inside: str) -> types.ModuleType:
    """Import a module by name, and those inside of it that the session had, as far as they are here."""
    found = importlib.import_module(sys.intern(name))
    for one in inside:
        if f"{name}.{one}" not in sys.modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(f"{name}.{one}")
    return found


def offered(package: str, name: str) -> Any:
    """Import a package, and return what it offers under a name."""
    return getattr(importlib.import_module(package), name)


def main_module() -> types.ModuleType:
    """Return the module ``__main__``."""
    return sys.modules["__main__"]


def exception(kind: type[BaseException], *arguments: Any) -> BaseException:
    """Make an exception whose ``__init__`` may take other arguments than it keeps: past that."""
    made = kind.__new__(kind, *arguments)
    makers = (vars(one).get("__init__") for one in kind.__mro__ if one.__module__ == "builtins")
    next(filter(None, makers))(made, *arguments)
    return made


def method(function: Any, owner: object) -> types.MethodType:
    """Bind a function to its first argument."""
    return types.MethodType(function, owner)


def cached(function: Any, maxsize: int | None, typed: bool) -> Any:
    """Make a function with a cache, empty."""
    return functools.lru_cache(maxsize, typed)(function)


def type_variable(kind: Any, name: str, arguments: tuple[Any, ...], words: Mapping[str, Any]) -> Any:
    """Make a type variable or new type of the session."""
    made = kind(name, *arguments, **words)
    made.__module__ = "__main__"
    return made


def mapping_proxy(mapping: Mapping[Any, Any]) -> types.MappingProxyType[Any, Any]:
    """Make a read-only view of a mapping."""
    return types.MappingProxyType(mapping)


def own_dict(target: Any, _: object) -> None:
    """Make a dictionary its own ``__dict__``: its items are its attributes."""
    target.__dict__ = target


def set_attributes(target: object, state: Mapping[str, Any]) -> None:
    """Give an object its attributes."""
    for name, value in state.items():
        setattr(target, name, value)


def these_attributes(target: object, state: dict[str, Any]) -> None:
    """Give an object this very dictionary of attributes, past what its class makes of being given one."""
    object.__setattr__(target, "__dict__", state)


def with_attributes(target: Any, state: tuple[Any, dict[str, Any]]) -> None:
    """Give an object the state that its own reduction knows of, and the attributes that this leaves out."""
    if state[0] is not None:
        target.__setstate__(state[0])
    target.__dict__.update(state[1])


def weak_reference(target: Any) -> weakref.ref[Any]:
    """Make a weak reference; None gives one whose object is gone."""
    return weakref.ref(set() if target is None else target)


def dict_iterator(owner: dict[Any, Any], n_items: int, part: str, n_taken: int | None) -> Iterator[Any]:
    """Make an iterator over a dictionary; None gives one that stops with an error, as after a change of size."""
    if len(owner) != n_items:
        raise LoadFailedError("an iterator inside of the dictionary that it runs over")
    made: Iterator[Any] = iter(getattr(owner, part)())
    if n_taken is None:
        mark = object()
        owner[mark] = None
        with contextlib.suppress(RuntimeError):
            next(made)
        del owner[mark]
    for _ in range(n_taken or 0):
        next(made)
    return made


def memory_view(owner: Any, is_locked: bool) -> memoryview:
    """Make a view of a whole buffer."""
    return memoryview(owner).toreadonly() if is_locked else memoryview(owner)


def array(source: Any, dtype: Any, shape: tuple[int, ...], order: str) -> Any:
    """Make an array that owns its memory from a stored buffer; from a read-only one, one that is locked.

    That one owns its memory too: views that were made before it was locked may be written to.
    """
    if not hasattr(source, "read_into"):
        return small_array(source, dtype, shape, order, False)
    made, flat = _fresh(dtype, shape, order)
    source.read_into(memoryview(flat))
    return made


def small_array(content: Any, dtype: Any, shape: tuple[int, ...], order: str, writeable: bool) -> Any:
    """Make an array from bytes inside the stream, or in memory."""
    made, flat = _fresh(dtype, shape, order)
    flat[:] = sys.modules["numpy"].frombuffer(content, dtype="u1") if made.nbytes else ()
    made.flags.writeable = writeable
    return made


def _fresh(dtype: Any, shape: tuple[int, ...], order: str) -> tuple[Any, Any]:
    """Return an array, and its memory as bytes in order."""
    import numpy as np  # only for payloads that hold arrays

    made = np.empty(shape, dtype=dtype, order="F" if order == "F" else "C")
    return made, (made.T if order == "F" else made).reshape(-1).view(np.uint8)


def set_locked(target: Any, state: Any) -> None:
    """Fill an array of objects, and make it read-only."""
    target.__setstate__(state)
    target.flags.writeable = False


def view(owner: Any, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, writeable: bool) -> Any:
    """Make a view into the memory of ``owner``, an array."""
    import numpy as np

    is_locked = writeable and not owner.flags.writeable
    if is_locked:  # the view was made before its owner was made read-only
        owner.flags.writeable = True
    items = (owner if owner.flags.c_contiguous else owner.T).reshape(-1)
    made: Any
    if owner.dtype.hasobject:  # references have no bytes to look at
        first = items[offset // owner.dtype.itemsize :]
        made = np.lib.stride_tricks.as_strided(first, shape, strides)
    else:
        made = np.ndarray(shape, np.dtype(dtype), items.view(np.uint8), offset, strides)
    if is_locked:
        owner.flags.writeable = False
    if not writeable:
        made.flags.writeable = False
    return made


def over(buffer: Any, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], start: int, writeable: bool) -> Any:
    """Make an array in the memory of an object that is no array."""
    import numpy as np

    made: Any = np.ndarray(shape, np.dtype(dtype), buffer, start, strides)
    made.flags.writeable = writeable
    return made


def subclassed(kind: type, contents: Any) -> Any:
    """Make an instance of a subclass of arrays that views a plain one."""
    return contents.view(kind)


def item(contents: Any) -> Any:
    """Make an item of a structured array that views a plain array without dimensions."""
    return contents[()]


def mark(module_name: str) -> None:
    """Give the functions of a module the names that payloads use; those of older payloads stay."""
    names = vars(sys.modules[module_name])
    for name, made in list(names.items()):
        if isinstance(made, types.FunctionType) and made.__module__ == module_name and not name.startswith("_"):
            made.__qualname__ = sys.intern(MARK + name)
            names[made.__qualname__] = made


mark(__name__)
