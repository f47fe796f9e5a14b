"""PyTorch: tensors with gradients and hooks over storages that stay shared, and optimizers; memory goes out of band.

What plain pickle does: every storage is written into the stream as a file of its own; gradients, hooks, and what
classes of optimizers add, are left out. The default generator is the library's own: its state is hidden state.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Iterable, Mapping
from pickle import PickleBuffer
from typing import Any

from ensession.serial.constructible import NEW_OBJECT
from ensession.serial.optional import IfStorable
from ensession.serial.registry import Range, Registry

SMALL_BYTES = 2048
"""Storages up to this size go into the stream."""

_HOOKS = frozenset({"_backward_hooks", "_post_accumulate_grad_hooks"})
"""Where a tensor has the functions that are called with its gradient; handles that remove them refer to these."""

_KEPT = frozenset({"defaults", "state", "param_groups"})
_WAYS = ("__getstate__", "__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__")
"""Methods with which a class may have a way of its own to be pickled."""
_TRACKED = "_wrapped_by_lr_sched"
"""What a scheduler sets on the wrapper that it puts around the step of an optimizer."""


def _torch() -> Any:
    return sys.modules["torch"] if "torch" in sys.modules else __import__("torch")


def make_storage(content: Any) -> Any:
    """Make a storage that owns its memory."""
    torch = _torch()
    if not len(content):
        return torch.UntypedStorage(0)
    writable = content if isinstance(content, bytearray) else bytearray(content)
    return torch.frombuffer(writable, dtype=torch.uint8).clone().untyped_storage()


def make_tensor(
    kind: type, storage: Any, dtype: Any, size: tuple[int, ...], stride: tuple[int, ...], offset: int, is_trained: bool
) -> Any:
    """Make a tensor over a storage; ``is_trained`` says that it requires a gradient."""
    torch = _torch()
    made = torch.empty(0, dtype=dtype).set_(storage, offset, size, stride)
    if kind is torch.nn.Parameter:
        return torch.nn.Parameter(made, is_trained)
    return made.requires_grad_(is_trained)


def set_tensor_state(tensor: Any, state: Mapping[str, Any]) -> None:
    """Give a tensor its gradient, its attributes, and the functions that are called with its gradient."""
    tensor.grad = state["grad"]
    vars(tensor).update(state["attributes"])
    for name in _HOOKS & state.keys():
        setattr(tensor, name, state[name])
        _leave_numbers(state[name])


def _leave_numbers(hooks: Mapping[int, Any]) -> None:
    """Have PyTorch give none of the numbers again under which hooks are known: it counts from 0 in each process."""
    handle = _torch().utils.hooks.RemovableHandle
    handle.next_id = max(handle.next_id, *(number + 1 for number in hooks), 0)


def _reduce_tensor(tensor: Any) -> Any:
    torch = _torch()
    is_plain = tensor.layout is torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized
    if not is_plain or tensor.is_conj() or tensor.is_neg():
        return NotImplemented
    place = (tensor.untyped_storage(), tensor.dtype, tuple(tensor.shape), tensor.stride(), tensor.storage_offset())
    state = {"grad": None, "attributes": vars(tensor)}
    if tensor.is_leaf:  # others warn when asked for their gradient, and come back without what they were computed from
        state["grad"] = tensor.grad
        state.update(_optional((name, getattr(tensor, name, None)) for name in sorted(_HOOKS)))
    arguments = (type(tensor), *place, bool(tensor.requires_grad))
    return make_tensor, arguments, state, None, None, set_tensor_state


def _optional(named: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return collections of hooks, those that nobody made left out: handles refer to empty ones, too."""
    return {name: IfStorable(hooks) if hooks else hooks for name, hooks in named if hooks is not None}


def _reduce_optimizer(optimizer: Any) -> Any:
    """Reduce an optimizer with all its attributes: its own way keeps three, and leaves out what its class adds."""
    kind: Any = type(optimizer)
    base = _torch().optim.Optimizer
    attributes = dict(vars(optimizer))
    if not _KEPT <= attributes.keys() or any(getattr(kind, way, None) is not getattr(base, way, None) for way in _WAYS):
        return NotImplemented
    is_tracked = _is_tracked(optimizer)
    if is_tracked:  # the wrapper refers to the step that the class has, which another process has yet to prepare
        del attributes["step"]
    attributes.update(_optional(_hooks_of(attributes)))
    state = {"attributes": attributes, "is_tracked": is_tracked}
    return NEW_OBJECT, (kind,), state, None, None, set_optimizer_state


def set_optimizer_state(optimizer: Any, state: Mapping[str, Any]) -> None:
    """Give an optimizer its attributes, and have it note its steps where a scheduler had asked for that."""
    attributes = state["attributes"]
    defaults = dict(attributes["defaults"])
    optimizer.__setstate__(attributes)
    for name in attributes["defaults"].keys() - defaults.keys():  # it adds one that not every class has
        del attributes["defaults"][name]
    for _, hooks in _hooks_of(attributes):
        _leave_numbers(hooks)
    if state["is_tracked"]:
        _track(optimizer)


def _hooks_of(attributes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what is called around the steps of an optimizer, by the names of the attributes that have it."""
    named = [one for one in attributes.items() if one[0].startswith("_optimizer_") and one[0].endswith("_hooks")]
    return [(name, hooks) for name, hooks in named if isinstance(hooks, dict)]


def _is_tracked(optimizer: Any) -> bool:
    """Whether its step is that of its class in the wrapper that a scheduler puts around it."""
    step = vars(optimizer).get("step")
    return bool(getattr(step, _TRACKED, False)) and getattr(step, "__wrapped__", None) is type(optimizer).step


def _track(optimizer: Any) -> None:
    """Have an optimizer note its steps as a scheduler does, which warns where there was none."""
    step, itself = type(optimizer).step, weakref.ref(optimizer)

    @functools.wraps(step)
    def wrapper(*arguments: Any, **words: Any) -> Any:
        target: Any = itself()
        target._opt_called = True
        return step.__get__(target, type(target))(*arguments, **words)

    setattr(wrapper, _TRACKED, True)
    optimizer.step = wrapper


def _flat(storage: Any) -> Any:
    torch = _torch()
    return torch.empty(0, dtype=torch.uint8).set_(storage).numpy()


def _reduce_storage(storage: Any) -> Any:
    if storage.device.type != "cpu":
        return NotImplemented
    if storage.nbytes() <= SMALL_BYTES:
        return make_storage, (_flat(storage).tobytes(),)
    return make_storage, (PickleBuffer(_flat(storage)),)


def make_storage_over(owner: Any, start: int, n_bytes: int) -> Any:
    """Make a storage in the memory of an array."""
    flat = owner.ravel(order="K").view(sys.modules["numpy"].uint8)
    return _torch().from_numpy(flat[start : start + n_bytes]).untyped_storage()


def _borrow(storage: Any, owner: Any, start: int) -> Any:
    return make_storage_over, (owner, start, storage.nbytes())


def make_array(
    storage: Any, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], start: int, is_writeable: bool
) -> Any:
    """Make an array in the memory of a storage."""
    made = sys.modules["numpy"].ndarray(shape, dtype, _flat(storage), start, strides)
    made.flags.writeable = is_writeable
    return made


def _lend(array: Any, tensor: Any) -> Any:
    storage = tensor.untyped_storage()
    if tensor.device.type != "cpu":
        return None
    start = array.__array_interface__["data"][0] - storage.data_ptr()
    return make_array, (storage, array.dtype, array.shape, array.strides, start, bool(array.flags.writeable))


def _memory(storage: Any) -> Range:
    start = storage.data_ptr() if storage.device.type == "cpu" else 0
    return start, start + storage.nbytes()


def _generator(generator: Any) -> Any:
    return str(generator.device), generator.get_state()


def make_generator(device: str, state: Any) -> Any:
    """Make a random generator in a state."""
    made = _torch().Generator(device)
    made.set_state(state)
    return made


def default_generator() -> Any:
    """Return the generator behind ``torch.manual_seed``: a copy of it would go its own way."""
    return _torch().default_generator


def _reduce_generator(generator: Any) -> Any:
    if generator is default_generator():
        return default_generator, ()
    return make_generator, _generator(generator)


def _constants() -> Mapping[int, Any]:
    generator = default_generator()
    return {id(generator): generator}


def register(registry: Registry) -> None:
    """Register PyTorch's types."""
    torch = _torch()
    registry.register(torch.Tensor, _reduce_tensor, lend=_lend)
    registry.register(torch.nn.Parameter, _reduce_tensor)
    registry.register(torch.UntypedStorage, _reduce_storage, memory=_memory, borrow=_borrow)
    registry.register(torch.Generator, _reduce_generator)
    registry.register_constants(_constants)
    registry.register_line(torch.optim.Optimizer, _reduce_optimizer)
    registry.register_immutable(torch.dtype, torch.device, torch.layout, torch.memory_format, torch.Size)
