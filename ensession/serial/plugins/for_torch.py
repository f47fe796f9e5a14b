"""PyTorch: tensors with their gradients, over storages that stay shared; storage memory goes out of band, uncopied.

What plain pickle does: every storage is written into the stream as a file of its own, and gradients are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pickle import PickleBuffer
from typing import Any

from ensession.serial.registry import Range, Registry

SMALL_BYTES = 2048
"""Storages up to this size go into the stream."""


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
    """Give a tensor its gradient and attributes."""
    tensor.grad = state["grad"]
    vars(tensor).update(state["attributes"])


def _reduce_tensor(tensor: Any) -> Any:
    torch = _torch()
    is_plain = tensor.layout is torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized
    if not is_plain or tensor.is_conj() or tensor.is_neg() or tensor._backward_hooks:
        return NotImplemented
    place = (tensor.untyped_storage(), tensor.dtype, tuple(tensor.shape), tensor.stride(), tensor.storage_offset())
    grad = tensor.grad if tensor.is_leaf else None  # others warn when asked
    state = {"grad": grad, "attributes": vars(tensor)}
    arguments = (type(tensor), *place, bool(tensor.requires_grad))
    return make_tensor, arguments, state, None, None, set_tensor_state


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


def _reduce_generator(generator: Any) -> Any:
    return make_generator, _generator(generator)


def register(registry: Registry) -> None:
    """Register PyTorch's types."""
    torch = _torch()
    registry.register(torch.Tensor, _reduce_tensor, lend=_lend)
    registry.register(torch.nn.Parameter, _reduce_tensor)
    registry.register(torch.UntypedStorage, _reduce_storage, memory=_memory, borrow=_borrow)
    registry.register(torch.Generator, _reduce_generator)
    registry.register_immutable(torch.dtype, torch.device, torch.layout, torch.memory_format, torch.Size)
