"""Settings: one frozen object, built once at the edge (command line, magic) and passed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from math import inf
from types import MappingProxyType
from typing import Any

from ensession.errors import UsageError


class StoragePolicy(StrEnum):
    """Which versions get a payload."""

    AUTO = "auto"
    """Those that are estimated cheaper to load than to recompute, or whose cell should not be re-run."""
    ALL = "all"
    """Every one that has a serialised form."""


class Share(float):
    """A part of something; infinite: as much as there is."""


_BUDGET = Share(0.05)
LED_VARIABLE = "ENSESSION_LED"
"""Environment variable of a kernel that a runner (``ens run``) leads: nobody else begins or ends a session there."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a session may be told.

    Attributes
    ----------
    policy : StoragePolicy
    audit : bool
        After every cell, look at every variable and report a change that the cell's code does not show.
    budget : Share
        What looks at large values may take of the time that cells run, beyond a fifth of a second. What would take more
        counts as changed. Policy *all* looks at everything.
    busy_timeout_s : float
        How long to wait for another writer of the same store.
    output_limit_bytes : int
        How much stream output of one execution is kept.
    inline_limit_bytes : int
        Payloads up to this size, together, go into the execution's own transaction; larger ones follow.
    settle_wait_s : float
        How long a cell's reply waits until the store file is complete without its write-ahead log. By default
        it does not wait: the file is complete once no cell has ended for 60 ms, and about once a second while
        cells follow each other.
    """

    policy: StoragePolicy = StoragePolicy.AUTO
    audit: bool = False
    budget: Share = _BUDGET
    busy_timeout_s: float = 10.0
    output_limit_bytes: int = 4 * 2**20
    inline_limit_bytes: int = 2**20
    settle_wait_s: float = 0.0

    @property
    def looks_share(self) -> float | None:
        """What looks may take of the running time; None: as long as they do, for all is to be stored, or looked at."""
        return None if self.audit or self.policy is StoragePolicy.ALL or self.budget == inf else self.budget


SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "policy": "what is stored: auto (what is cheaper to load than to make again), all",
        "audit": "look at every variable after every cell: on, off",
        "budget": "what looking at large values may take of the running time: a share such as 5%, or off",
        "busy_timeout_s": "seconds to wait for another writer of the same store",
        "output_limit_bytes": "how much printed text of a cell is kept",
        "inline_limit_bytes": "values up to this size, together, are stored in the cell's own transaction",
        "settle_wait_s": "seconds that a cell's reply waits for the store file to be complete by itself",
    }
)
"""What each setting means, in a line for the user."""
AT_START = frozenset({"busy_timeout_s", "output_limit_bytes"})
"""Settings that count from the next start on: whoever uses them has been made by then."""
_SWITCH = {"on": True, "off": False}


def with_setting(config: Config, name: str, text: str) -> Config:
    """Return the settings with one of them replaced.

    Parameters
    ----------
    config : Config
    name : str
    text : str
        The value as the user writes it.

    Raises
    ------
    UsageError
        There is no such setting, or it can't have that value.
    """
    if name not in SETTINGS:
        raise UsageError(f"there is no setting {name!r}; there are {', '.join(SETTINGS)}")
    changes: dict[str, Any] = {name: _PARSERS[type(getattr(config, name))](name, text)}
    return replace(config, **changes)


def settings_of(config: Config) -> dict[str, str]:
    """Return every setting and its value, as :func:`with_setting` reads it."""
    return {field.name: _written(getattr(config, field.name)) for field in fields(config)}


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Share):
        return f"{100 * value:g}%" if value < inf else "off"
    return str(value)


def _choice(name: str, text: str) -> StoragePolicy:
    if text not in list(StoragePolicy):
        raise UsageError(f"{name} can be {' or '.join(StoragePolicy)}, not {text!r}")
    return StoragePolicy(text)


def _switch(name: str, text: str) -> bool:
    if text not in _SWITCH:
        raise UsageError(f"{name} can be on or off, not {text!r}")
    return _SWITCH[text]


def _share(name: str, text: str) -> Share:
    if text == "off":
        return Share(inf)
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value < inf or (value > 1 and not text.endswith("%")):  # who writes 10 means 10%
        raise UsageError(f"{name} is a share such as 5% or 0.05, or off, not {text!r}")
    return Share(value)


def _count(name: str, text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"{name} is a number of bytes, such as 1048576, not {text!r}")
    return int(text)


def _duration(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(f"{name} is a number of seconds, such as 0.5, not {text!r}")
    return value


_PARSERS: dict[type, Callable[[str, str], Any]] = {
    StoragePolicy: _choice,
    bool: _switch,
    Share: _share,
    int: _count,
    float: _duration,
}
