"""PyTorch's parameters come back with their hooks, and its optimizers with what their classes add."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ensession.serial.look import look
from ensession.serial.plugins import BUILT_IN
from ensession.serial.registry import Registry
from tests.serial.test_tables import are_linked
from tests.serial.worlds import World, reloaded

torch: Any = pytest.importorskip("torch")
hooks: Any = pytest.importorskip("torch.utils.hooks")

KINDS = ("register_hook", "register_post_accumulate_grad_hook")
PLACES = dict(zip(KINDS, ("_backward_hooks", "_post_accumulate_grad_hooks"), strict=True))


def come_back(**values: Any) -> dict[str, Any]:
    world = World()
    first = world.fingerprint(values)
    assert first is not None
    assert world.fingerprint(values) == first
    found, other = reloaded(values, world)
    assert other.fingerprint(found) == first
    return dict(found)


def parameter() -> Any:
    return torch.nn.Parameter(torch.ones(2))


def gradient(tensor: Any) -> list[float]:
    tensor.grad = None
    (tensor * 5).sum().backward()
    return [round(one, 3) for one in tensor.grad.tolist()]


def unstorable() -> Callable[..., None]:
    steps = (n for n in range(9))
    return lambda *_: steps.close()


@pytest.mark.parametrize("make", [parameter, lambda: torch.ones(2, requires_grad=True)])
def test_clipping_goes_on_and_its_handle_ends_it(make: Callable[[], Any]) -> None:
    tensor = make()
    handle = tensor.register_hook(lambda grad: grad.clamp(-0.1, 0.1))
    assert gradient(tensor) == [0.1, 0.1]
    for found in (come_back(handle=handle, tensor=tensor), come_back(a=tensor, b=handle, tensor=tensor, handle=handle)):
        assert type(found["tensor"]) is type(tensor)
        assert found["tensor"].grad.tolist() == tensor.grad.tolist()
        assert gradient(found["tensor"]) == [0.1, 0.1]
        found["handle"].remove()
        assert gradient(found["tensor"]) == [5.0, 5.0]


def test_what_is_called_once_the_gradient_is_there_comes_back() -> None:
    seen: list[int] = []
    tensor = parameter()
    handle = tensor.register_post_accumulate_grad_hook(lambda one: seen.append(len(one)))
    found = come_back(tensor=tensor, seen=seen, handle=handle)
    gradient(found["tensor"])
    assert found["seen"] == [2]
    found["handle"].remove()
    gradient(found["tensor"])
    assert found["seen"] == [2]


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_and_hooks_of_one_with_a_hook_are_looked_at(kind: str) -> None:
    world, tensor = World(), parameter()
    handle = getattr(tensor, kind)(lambda one: None)
    gradient(tensor)
    seen = [world.fingerprint({"x": tensor})]
    tensor.grad.mul_(2)
    seen.append(world.fingerprint({"x": tensor}))
    handle.remove()
    seen.append(world.fingerprint({"x": tensor}))
    assert len(set(seen)) == len(seen)
    assert are_linked(tensor, handle, look)


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_hook_does_not_take_the_place_of_one_that_came_back(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensor, seen = parameter(), list[str]()
    monkeypatch.setattr(hooks.RemovableHandle, "next_id", 7)
    getattr(tensor, kind)(lambda one: seen.append("first"))
    found = come_back(tensor=tensor, seen=seen)
    monkeypatch.setattr(hooks.RemovableHandle, "next_id", 0)
    found = come_back(**found)
    getattr(found["tensor"], kind)(lambda one: found["seen"].append("second"))
    assert list(getattr(found["tensor"], PLACES[kind])) == [7, 8]
    gradient(found["tensor"])
    assert found["seen"] == ["first", "second"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_hook_that_can_not_be_stored_keeps_nothing_else_from_it(kind: str) -> None:
    model = torch.nn.Sequential(*(torch.nn.Linear(1, 1) for _ in range(20)))
    for one in list(model.parameters())[5:]:
        getattr(one, kind)(unstorable())
    seen: list[int] = []
    first = model[0].weight
    getattr(first, kind)(lambda grad: seen.append(1))
    found = come_back(model=model, seen=seen)
    assert [one.tolist() for one in found["model"].parameters()] == [one.tolist() for one in model.parameters()]
    found["model"](torch.ones(1, 1)).sum().backward()
    assert found["seen"] == [1]
    assert not getattr(found["model"][9].weight, PLACES[kind])


def test_a_hook_may_hold_the_model_whose_it_is() -> None:
    model = torch.nn.Linear(2, 1)
    for one in model.parameters():
        one.register_hook(lambda grad: grad * model.in_features)
    found = come_back(model=model)
    found["model"].in_features = 3
    found["model"](torch.ones(1, 2)).sum().backward()
    assert found["model"].bias.grad.tolist() == [3.0]


def test_hooks_of_what_was_computed_go_with_what_it_was_computed_from() -> None:
    computed = parameter() * 2
    computed.register_hook(lambda grad: None)
    assert come_back(x=computed)["x"].tolist() == [2.0, 2.0]


class Counting(torch.optim.SGD):  # type: ignore[misc]
    """Says how it is pickled itself."""

    def __getstate__(self) -> Any:
        return {**super().__getstate__(), "way": "its own"}


def stepped(make: Callable[[Any], Any]) -> tuple[Any, Any]:
    tensor = parameter()
    optimizer = make([tensor])
    step(tensor, optimizer)
    return tensor, optimizer


def step(tensor: Any, optimizer: Any) -> list[float]:
    def loss() -> Any:
        optimizer.zero_grad()
        found = (tensor * tensor).sum()
        found.backward()
        return found

    optimizer.step(loss)
    return [round(one, 6) for one in tensor.tolist()]


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "LBFGS": lambda given: torch.optim.LBFGS(given, lr=0.1, max_iter=2),
    "SGD": lambda given: torch.optim.SGD(given, lr=0.1, momentum=0.9),
    "Adam": lambda given: torch.optim.Adam(given, lr=0.1),
    "Rprop": lambda given: torch.optim.Rprop(given, lr=0.1),
    "a way of its own": lambda given: Counting(given, lr=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_go_on(name: str) -> None:
    tensor, optimizer = stepped(OPTIMIZERS[name])
    found = come_back(tensor=tensor, optimizer=optimizer)
    assert step(found["tensor"], found["optimizer"]) == step(tensor, optimizer)
    if name != "a way of its own":
        assert list(vars(found["optimizer"])) == list(vars(optimizer))


def test_the_parameters_of_lbfgs_are_those_of_its_group() -> None:
    _, optimizer = stepped(OPTIMIZERS["LBFGS"])
    found = come_back(optimizer=optimizer)["optimizer"]
    assert found._params is found.param_groups[0]["params"]
    assert found._numel() == optimizer._numel()


def test_hooks_on_the_step_come_back_and_those_that_can_not_be_stored_are_left_out() -> None:
    seen: list[str] = []
    tensor, optimizer = stepped(OPTIMIZERS["SGD"])
    handle = optimizer.register_step_post_hook(lambda *_: seen.append("after"))
    optimizer.register_step_pre_hook(unstorable())
    found = come_back(tensor=tensor, optimizer=optimizer, seen=seen, handle=handle)
    step(found["tensor"], found["optimizer"])
    assert found["seen"] == ["after"]
    assert not found["optimizer"]._optimizer_step_pre_hooks
    found["handle"].remove()
    step(found["tensor"], found["optimizer"])
    assert found["seen"] == ["after"]


@pytest.mark.parametrize("name", ["SGD", "LBFGS"])
def test_a_scheduler_goes_on_without_a_warning(name: str) -> None:
    tensor, optimizer = stepped(OPTIMIZERS[name])
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)
    found = come_back(optimizer=optimizer, scheduler=scheduler, tensor=tensor)
    assert not found["optimizer"].__dict__.get("_opt_called")
    step(found["tensor"], found["optimizer"])
    found["scheduler"].step()
    assert (found["optimizer"]._opt_called, found["scheduler"].get_last_lr()) == (True, [0.05])


def test_a_class_made_from_one_of_the_library_is_known_at_the_first_look() -> None:
    assert Registry(BUILT_IN).find(type("Own", (torch.optim.SGD,), {"__module__": "__main__"})) is not None


def test_older_payloads_say_nothing_of_hooks() -> None:
    from ensession.serial.plugins.for_torch import set_tensor_state

    tensor = parameter()
    set_tensor_state(tensor, {"grad": torch.ones(2), "attributes": {"note": 1}})
    assert (tensor.grad.tolist(), tensor.note, tensor._backward_hooks) == ([1.0, 1.0], 1, None)


def test_the_default_generator_is_that_of_the_process() -> None:
    generator = torch.default_generator
    found = come_back(g=generator, held=[generator], own=torch.Generator().manual_seed(3))
    assert found["g"] is found["held"][0] is generator
    assert found["own"].initial_seed() == 3
