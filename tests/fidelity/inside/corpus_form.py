"""Runs inside the kernels of the corpus: what a value is, as text that two processes can compare.

Knows nothing of ensession, and pickles nothing.
"""

from __future__ import annotations

import hashlib
import re
import sys
import types

ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}|\b(?:at|id) [0-9]{9,}")
LONGEST = 400
DEEPEST = 30
ATOMS = (str, bytes, bytearray, int, float, complex, bool, type(None), type(...), range, slice)


def form(value):
    """Return the form of a value, cut to a length that can be shown; a hash stands for the rest."""
    text = _form(value, {}, 0)
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}… {hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


def _form(value, seen, depth):
    kind = type(value)
    if kind in ATOMS or depth > DEEPEST:
        return _plain(value)
    if id(value) in seen:
        return f"#{seen[id(value)][0]}"
    seen[id(value)] = len(seen), value

    def inner(one):
        return _form(one, seen, depth + 1)

    for test, write in _FORMS:
        if test(value):
            return f"{kind.__qualname__}({write(value, inner)})"
    state = _state(value)
    if state is None:
        return _plain(value)
    return f"{kind.__qualname__}({_pairs(state, inner)})"


def _plain(value):
    return ADDRESS.sub("…", repr(value))


def _pairs(mapping, inner):
    return ", ".join(f"{inner(key)}: {inner(one)}" for key, one in mapping.items())


def _state(value):
    """Return the attributes of an instance of a Python class; None for what only ``repr`` tells about."""
    if isinstance(value, (type, types.FunctionType, types.ModuleType, types.MethodType)):
        return None
    slots = [name for kind in type(value).__mro__ for name in _slots(kind)]
    state = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    state.update(getattr(value, "__dict__", {}))
    return state or None


def _slots(kind):
    slots = vars(kind).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__dict__", "__weakref__")]


def _array(value, inner):
    if value.dtype.hasobject:
        return f"{value.dtype} {value.shape} {inner(value.ravel().tolist())}"
    return f"{value.dtype} {value.shape} {value.flags.writeable} {hashlib.sha256(value.tobytes()).hexdigest()[:16]} {value.ravel()[:6].tolist()}"


def _frame(value, inner):
    labels = inner([_index(value.index), _index(value.columns), [str(one) for one in value.dtypes]])
    return f"{labels} {inner([value.iloc[:, n].tolist() for n in range(value.shape[1])])} {value.attrs}"


def _series(value, inner):
    return inner([_index(value.index), value.name, str(value.dtype), value.tolist(), value.attrs])


def _index(value):
    return [type(value).__name__, str(value.dtype), list(value.names), value.tolist(), str(getattr(value, "freq", ""))]


def _is_from(module, *names):
    def test(value):
        library = sys.modules.get(module)
        kinds = tuple(getattr(library, name) for name in names if hasattr(library, name))
        return bool(kinds) and isinstance(value, kinds)

    return test


def _is(*kinds):
    return lambda value: type(value) in kinds


def _in_order(value, inner):
    return ", ".join(sorted(inner(one) for one in value))


_FORMS = (
    (_is(list, tuple), lambda value, inner: ", ".join(inner(one) for one in value)),
    (_is(dict), _pairs),
    (_is(set, frozenset), _in_order),
    (_is_from("pathlib", "PurePath"), lambda value, inner: str(value)),  # it remembers its text once that was asked for
    (
        _is_from("numpy.ma", "MaskedArray"),
        lambda value, inner: inner([value.tolist(), str(value.dtype), value.fill_value]),
    ),
    (_is_from("numpy", "ndarray"), _array),
    (_is_from("pandas", "DataFrame"), _frame),
    (_is_from("pandas", "Series"), _series),
    (_is_from("pandas", "Index"), lambda value, inner: inner(_index(value))),
    (
        _is_from("torch", "Tensor"),
        lambda value, inner: inner([str(value.dtype), tuple(value.shape), value.requires_grad, value.tolist()]),
    ),
)
