"""What a process says of itself."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from ensession.session.environment import installed_packages, platform_name


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
