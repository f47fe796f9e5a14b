"""Comparing the environment that a state was recorded in with another one. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from ensession.model import DifferenceKind, Environment, EnvironmentDifference

_FROM = re.compile(r"^\s*from\s+([A-Za-z_]\w*)[\w.]*\s+import\b", re.MULTILINE)
_IMPORT = re.compile(r"^\s*import\s+(.+)$", re.MULTILINE)
_NAME = re.compile(r"\s*([A-Za-z_]\w*)")
_SEPARATORS = re.compile(r"[-_.]+")

KNOWN_NAMES: Mapping[str, str] = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Distributions of packages with another name, for those that are not installed: then nothing here tells."""


def imported(codes: Iterable[str]) -> frozenset[str]:
    """Return the top-level packages that cells import by name, magics and all."""
    found = set()
    for code in codes:
        found.update(_FROM.findall(code))
        for names in _IMPORT.findall(code):
            matches = (_NAME.match(part) for part in names.split(","))
            found.update(match.group(1) for match in matches if match)
    return frozenset(found)


def distributions(packages: Iterable[str], names: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """Return the distributions that top-level packages come from, in the spelling that compares.

    Parameters
    ----------
    packages : iterable of str
    names : Mapping[str, iterable of str]
        Distributions by package, as far as they are known.
    """
    found: set[str] = set()
    for package in packages:
        found.update(names.get(package) or (KNOWN_NAMES.get(package, package),))
    return frozenset(map(normal, found))


def normal(name: str) -> str:
    """Return a distribution's name in the spelling that compares (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def differences(
    recorded: Environment, here: Environment, used: Collection[str] = ()
) -> tuple[EnvironmentDifference, ...]:
    """Return in what an environment differs from the recorded one: the important first.

    Packages that only the other environment has are no difference.

    Parameters
    ----------
    recorded, here : Environment
    used : collection of str
        Distributions that the session uses, normal names.
    """
    found = []
    pythons = _python(recorded), _python(here)
    if pythons[0] != pythons[1]:
        found.append(EnvironmentDifference(DifferenceKind.PYTHON, "Python", *pythons))
    if recorded.platform != here.platform:
        found.append(EnvironmentDifference(DifferenceKind.PLATFORM, "platform", recorded.platform, here.platform))
    versions = {normal(name): version for name, version in here.packages.items()}
    for name, version in sorted(recorded.packages.items(), key=lambda item: item[0].lower()):
        there = versions.get(normal(name))
        if there != version:
            kind = DifferenceKind.USED if normal(name) in used else DifferenceKind.OTHER
            found.append(EnvironmentDifference(kind, name, version, there))
    order = list(DifferenceKind)
    return tuple(sorted(found, key=lambda one: (order.index(one.kind), one.here is not None)))


def _python(environment: Environment) -> str:
    is_usual = environment.implementation == "cpython"
    return environment.python if is_usual else f"{environment.python} ({environment.implementation})"


def why_incomparable(found: Iterable[EnvironmentDifference]) -> str | None:
    """Say why fingerprints made in two environments can't be compared; None where they can."""
    parts = [f"{one.name} {one.recorded} there, {one.here or 'none'} here" for one in found if one.hinders_comparison]
    return "; ".join(parts) or None
