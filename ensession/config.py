"""Settings: one frozen object, built once at the edge (command line, magic) and passed in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StoragePolicy(StrEnum):
    """Which versions get a payload."""

    AUTO = "auto"
    """Those that are estimated cheaper to load than to recompute, or whose cell should not be re-run."""
    ALL = "all"
    """Every one that has a serialised form."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a session may be told.

    Attributes
    ----------
    policy : StoragePolicy
    busy_timeout_s : float
        How long to wait for another writer of the same store.
    output_limit_bytes : int
        How much stream output of one execution is kept.
    inline_limit_bytes : int
        Payloads up to this size, together, go into the execution's own transaction; larger ones follow.
    settle_wait_s : float
        How long a cell's reply waits until the store file is complete without its write-ahead log. By default
        it does not wait: a few milliseconds after the reply it is, on most disks.
    """

    policy: StoragePolicy = StoragePolicy.AUTO
    busy_timeout_s: float = 10.0
    output_limit_bytes: int = 4 * 2**20
    inline_limit_bytes: int = 2**20
    settle_wait_s: float = 0.0
