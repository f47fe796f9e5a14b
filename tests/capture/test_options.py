"""Settings of logging and of libraries for models: put back as they were, and told where they can't be."""

from __future__ import annotations

import decimal
import logging
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ensession.errors import HiddenStateError
from tests.capture.test_hidden import begun


def test_torch_keeps_its_settings() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    hidden = begun()
    before = hidden.read()["<torch.options>"]
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    snapshot = hidden.changed()["<torch.options>"]
    hidden.write("<torch.options>", before)
    assert (torch.tensor(1.0).dtype, torch.is_grad_enabled()) == (torch.float32, True)
    hidden.write("<torch.options>", snapshot)
    assert (torch.tensor(1.0).dtype, torch.is_grad_enabled()) == (torch.float64, False)
    hidden.write("<torch.options>", before)


def test_handlers_of_others_stay(tmp_path: Path) -> None:
    class Own(logging.StreamHandler[Any]):
        pass

    hidden, own = begun(), Own()
    logging.root.addHandler(own)
    logging.root.addHandler(logging.FileHandler(tmp_path / "log", delay=True))
    try:
        snapshot = hidden.changed()["<logging>"]
        hidden.write("<logging>", {**snapshot, "handlers": []})
        assert own in logging.root.handlers
        assert not any(type(one) is logging.FileHandler for one in logging.root.handlers)
        hidden.write("<logging>", snapshot)
        logging.warning("a line")
        assert (tmp_path / "log").read_text() == "a line\n"
    finally:
        for one in [own, *(one for one in logging.root.handlers if type(one) is logging.FileHandler)]:
            logging.root.removeHandler(one)
            one.close()


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """Return the root logger; in the end it has the handlers that it had."""
    root = logging.root
    before = list(root.handlers)
    yield root
    for one in [one for one in root.handlers if one not in before]:
        root.removeHandler(one)
        one.close()


def test_handlers_that_are_wanted_stay_and_the_others_go(root_logger: logging.Logger, tmp_path: Path) -> None:
    hidden = begun()
    usual = hidden.read()["<logging>"]
    made = [logging.FileHandler(tmp_path / f"log{number}", encoding="utf-16", delay=True) for number in range(3)]
    for one in made:
        root_logger.addHandler(one)
    three = hidden.changed()["<logging>"]
    hidden.write("<logging>", {**three, "handlers": three["handlers"][1:2]})
    assert [one for one in root_logger.handlers if one in made] == [made[1]]
    hidden.write("<logging>", three)
    assert made[1] in root_logger.handlers
    again = [one for one in root_logger.handlers if type(one) is logging.FileHandler]
    assert sorted((Path(one.baseFilename).name, one.encoding) for one in again) == [
        (f"log{number}", "utf-16") for number in range(3)
    ]
    hidden.write("<logging>", usual)
    assert not any(type(one) is logging.FileHandler for one in root_logger.handlers)


def test_a_handler_whose_folder_is_gone_is_told(root_logger: logging.Logger, tmp_path: Path) -> None:
    hidden = begun()
    way = ("file", str(tmp_path / "gone" / "log"), None, None, 0, None, None)
    with pytest.raises(HiddenStateError, match="gone"):
        hidden.write("<logging>", {**hidden.read()["<logging>"], "handlers": [way]})
    assert not any(type(one) is logging.FileHandler for one in root_logger.handlers)


def test_handlers_with_ways_of_their_own_are_left_alone(root_logger: logging.Logger) -> None:
    hidden = begun()
    filtered, defaults = logging.StreamHandler(sys.stderr), logging.StreamHandler(sys.stderr)
    filtered.addFilter(lambda _: False)
    defaults.setFormatter(logging.Formatter("%(one)s", defaults={"one": 1}))
    for one in (filtered, defaults):
        root_logger.addHandler(one)
    hidden.write("<logging>", hidden.read()["<logging>"])
    assert {filtered, defaults} <= set(root_logger.handlers)


def test_a_librarys_own_level_stays_when_its_import_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = begun()
    usual = hidden.read()["<logging>"]
    monkeypatch.setitem(sys.modules, "loud_library", types.ModuleType("loud_library"))
    logging.getLogger("loud_library").setLevel(logging.ERROR)  # as its import does
    assert hidden.changed()["<logging>"]["levels"]["loud_library"] == logging.ERROR
    logging.getLogger("loud_library").setLevel(logging.DEBUG)
    hidden.write("<logging>", usual)
    assert logging.getLogger("loud_library").level == logging.ERROR
    logging.getLogger("loud_library").setLevel(logging.NOTSET)


def test_settings_that_can_not_be_made_here_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    sklearn = pytest.importorskip("sklearn")
    hidden = begun()

    def refuse(**settings: Any) -> None:
        if "assume_finite" in settings:
            raise RuntimeError("not with this SciPy")

    monkeypatch.setattr(sklearn, "set_config", refuse)
    with pytest.raises(HiddenStateError, match="assume_finite"):
        hidden.write("<sklearn>", {"assume_finite": True})


def test_conditions_are_as_usual_for_a_while_and_what_changes_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = begun()
    usual = hidden.read()["<decimal>"]
    monkeypatch.setenv("OF_THIS_TEST", "1")
    monkeypatch.syspath_prepend("/nowhere")
    with decimal.localcontext(prec=3):
        now = hidden.read()
        with hidden.as_usual({"<sys.path>"}):
            assert hidden.read()["<decimal>"] == usual != now["<decimal>"]
            assert "OF_THIS_TEST" not in os.environ
            assert "/nowhere" in sys.path
            monkeypatch.setenv("OF_THIS_TEST", "2")
        assert hidden.read()["<decimal>"] == now["<decimal>"]
    assert os.environ["OF_THIS_TEST"] == "2"
