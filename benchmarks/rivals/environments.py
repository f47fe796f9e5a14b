"""A virtual environment for each system, over one layer of libraries that all of them share.

Every notebook thus meets the same versions of NumPy, pandas and the kernel in every system, and nothing of one
system is importable in another.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "rivals"
OWN = re.compile(r"ensession\[([\w,-]+)\]")


def notebook_requirements() -> list[str]:
    """Return what the notebooks need, by the project's own extras, without the project."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]

    def expanded(extra: str) -> Iterator[str]:
        for requirement in extras[extra]:
            own = OWN.fullmatch(requirement)
            if own is None:
                yield requirement
            else:
                for name in own[1].split(","):
                    yield from expanded(name)

    return sorted(set(expanded("notebooks")))


def shared_layer() -> Path:
    """Make, or find, the environment of the libraries; return its folder of packages."""
    return _packages(_environment("libraries", notebook_requirements(), None))


def environment_of(name: str, requirements: Sequence[str], layer: Path) -> str:
    """Make, or find, a system's own environment over the shared layer; return its interpreter."""
    return _python(_environment(name, requirements, layer))


def install_tree(python: str) -> None:
    """Install the project as it is now into an environment."""
    _pip(python, "install", "--force-reinstall", "--no-deps", str(ROOT))


def versions(python: str) -> dict[str, str]:
    """Return the versions of all that an environment can import."""
    code = (
        "import importlib.metadata as m, json\n"
        "print(json.dumps({d.metadata['Name'].lower(): d.version for d in m.distributions()}))"
    )
    found = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    listed: dict[str, str] = json.loads(found.stdout)
    return listed


def _environment(name: str, requirements: Sequence[str], layer: Path | None) -> Path:
    folder = FOLDER / name
    stamp = folder / ".complete"
    wanted = "\n".join([sys.version, str(layer), *requirements])
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return folder
    print(f"environment of {name}: {', '.join(requirements) or 'nothing of its own'}", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    if layer is not None:
        # Behind its own packages: what a system pins for itself comes first.
        (_packages(folder) / "rivals_layer.pth").write_text(f"{layer}\n", encoding="utf-8")
    if requirements:
        _pip(_python(folder), "install", *requirements)
    stamp.write_text(wanted, encoding="utf-8")
    return folder


def _pip(python: str, *words: str) -> None:
    subprocess.run([python, "-m", "pip", "--quiet", "--disable-pip-version-check", *words], check=True)


def _python(folder: Path) -> str:
    return str(folder / "bin" / "python")


def _packages(folder: Path) -> Path:
    return folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
