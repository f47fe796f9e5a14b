"""Models in training: what a session has registered with PyTorch is there again after a restore."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ensession.model import Fate
from tests.notebook import Notebook

torch = pytest.importorskip("torch")

OWN = """
class Mine(torch.optim.Optimizer):
    def __init__(self, given):
        super().__init__(given, {'lr': 0.1})
        self.t, self.log = 0, []

    @torch.no_grad()
    def step(self, closure=None):
        with torch.enable_grad():
            loss = closure()
        self.t += 1
        self.log.append(self.t)
        for group in self.param_groups:
            for one in group['params']:
                one -= group['lr'] * one.grad
        return loss
"""
SETTING = (
    f"import torch\n{OWN}",
    "w = torch.nn.Parameter(torch.tensor([3.0, 4.0]))",
    "def closure():\n    opt.zero_grad()\n    loss = (w * w).sum()\n    loss.backward()\n    return loss",
)
STEP = "opt.step(closure)\ngot = w.tolist()"
MAKE = {"of the session": "Mine([w])", "LBFGS": "torch.optim.LBFGS([w], lr=0.1, max_iter=2)"}


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Notebook]:
    before = torch.get_rng_state()
    made = Notebook(tmp_path / "s.ens").start("--all")
    yield made
    made.kill()
    torch.set_rng_state(before)


def come_back(stored: Notebook, *names: str) -> Notebook:
    stored.session.flush()
    again = stored.reborn()
    report = again.restore()
    assert {one.fate for one in report.variables if one.name in names} == {Fate.LOADED}
    return again


@pytest.mark.parametrize("name", MAKE)
def test_an_optimizer_goes_on_where_it_was(stored: Notebook, name: str) -> None:
    stored.run(*SETTING, f"opt = {MAKE[name]}", STEP)
    again = come_back(stored, "opt", "w", "got")
    again.run(STEP)
    stored.attempt(STEP).raise_error()
    assert again["got"] == stored["got"]
    if name == "of the session":
        assert (again["opt"].t, again["opt"].log) == (2, [1, 2])
    again.kill()


def test_gradients_are_clipped_and_counted_as_before(stored: Notebook) -> None:
    stored.run(
        *SETTING,
        "seen = []\nopt = torch.optim.SGD([w], lr=1.0)",
        "h = w.register_hook(lambda g: g.clamp(-0.1, 0.1))\nk = opt.register_step_post_hook(lambda *a: seen.append(1))",
    )
    stored.run("loss = closure().item()")
    assert "w" in stored.changed()
    again = come_back(stored, "opt", "w", "h", "k", "seen")
    again.run(STEP)
    assert [round(one, 3) for one in again["got"]] == [2.9, 3.9]
    assert again["seen"] == [1]
    assert "seen" in again.changed()
    again.run("h.remove(); k.remove()", "loss = closure().item()", STEP)
    assert again["seen"] == [1]
    assert [round(one, 3) for one in again["got"]] == [-2.9, -3.9]
    again.kill()


def test_a_watched_model_is_stored_without_what_watches_it(stored: Notebook) -> None:
    stored.run(
        *SETTING,
        "def watch(one):\n    steps = (n for n in range(9))\n    one.register_hook(lambda g: steps.close())",
        "opt = torch.optim.SGD([w], lr=1.0)\nwatch(w)",
    )
    again = come_back(stored, "opt", "w")
    assert again["w"].tolist() == [3.0, 4.0]
    again.kill()


def test_the_default_generator_is_no_variable_of_the_session(stored: Notebook) -> None:
    stored.run("import torch\ng = torch.manual_seed(0)\nheld = [g]", "also = {'g': g}")
    stored.run("also['n'] = 1")
    assert stored.changed() == {"also"}
    stored.run("drawn = torch.rand(2, generator=g)")
    assert stored.changed() == {"drawn"}
    again = come_back(stored, "g", "held", "also")
    assert again["g"] is again["held"][0] is again["also"]["g"] is torch.default_generator
    again.kill()
