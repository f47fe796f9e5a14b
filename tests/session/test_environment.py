"""What a process says of itself."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from ensession.processes import is_alive
from ensession.session.environment import importable, installed_packages, platform_name


def test_the_platform_is_told_as_python_tells_it() -> None:
    assert platform_name() == platform.platform()


def test_packages_that_come_first_hide_others(tmp_path: Path) -> None:
    for place, version in (("first", "1.0"), ("second", "2.0")):
        (tmp_path / place / f"some_package-{version}.dist-info").mkdir(parents=True)
    (tmp_path / "second" / "other-0.1.dist-info").mkdir()
    places = [str(tmp_path / one) for one in ("missing", "first", "second")]
    assert installed_packages(places) == {"other": "0.1", "some-package": "1.0"}


def test_what_is_installed_here_is_found() -> None:
    assert "pytest" in installed_packages(sys.path)


def test_a_folder_that_may_not_be_read_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "something.py").touch()
    list_folder = os.listdir

    def listdir(place: str) -> list[str]:  # the rights themselves do not keep root out
        if place.endswith("theirs"):
            raise PermissionError(place)
        return list_folder(place)

    monkeypatch.setattr(os, "listdir", listdir)
    places = [str(tmp_path / "theirs"), str(tmp_path / "mine")]
    assert installed_packages(places) == {}
    assert importable(places) == {"something"}


def test_which_processes_are_alive() -> None:
    assert is_alive(os.getpid())
    assert is_alive(1)  # somebody else's, for most
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert is_alive(other.pid)
        other.communicate(b"\n")
    assert not is_alive(other.pid)
    assert not any(map(is_alive, (0, -1, -other.pid, 2**31 + 5, 2**63, 10**30)))
