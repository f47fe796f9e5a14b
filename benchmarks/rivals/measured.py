"""What one system showed on one notebook."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.notebooks.trial import Examined


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


@dataclass(slots=True)
class Measured:
    """What one system showed on one notebook; None or empty where it did not come that far.

    Attributes
    ----------
    cells_s, probes_s : list of float
        Wall time of each cell, and of each trivial cell after them.
    peak_bytes : int or None
        Largest resident memory of the kernel, the checkpoint included.
    restores_s : list of float
        Each in a fresh kernel, the attaching not included.
    equal, different, missing, unlinked : list of str
        Variables after the restore, by the judge; facts of shared objects that no longer hold.
    n_failed : int
        Cells that raised here and should not have: then there is no overhead to speak of, and nothing is right.
    problems : list of str
        What went wrong, in order.
    """

    cells_s: list[float] = field(default_factory=list)
    probes_s: list[float] = field(default_factory=list)
    attach_s: float | None = None
    peak_bytes: int | None = None
    checkpoint_s: float | None = None
    n_bytes: int | None = None
    restores_s: list[float] = field(default_factory=list)
    estimates_s: list[float] = field(default_factory=list)
    back_one_s: float | None = None
    back_half_s: float | None = None
    equal: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unlinked: list[str] = field(default_factory=list)
    n_failed: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def restore_s(self) -> float | None:
        """Median of the restores."""
        return statistics.median(self.restores_s) if self.restores_s else None

    @property
    def is_right(self) -> bool:
        """Whether every variable came back as it was, and all that was shared still is."""
        return bool(self.equal) and not (self.n_failed or self.different or self.missing or self.unlinked)

    def compare(self, truth: Examined, found: Examined) -> None:
        """Take note of how the judge's two reports differ."""
        names = truth.digests.keys()
        self.missing = sorted(names - found.digests.keys())
        back = names & found.digests.keys()
        self.different = sorted(name for name in back if truth.digests[name] != found.digests[name])
        self.equal = sorted(back.difference(self.different))
        gone = {*self.missing, *self.different}
        facts = truth.belonging - found.belonging
        self.unlinked = sorted(fact for fact in facts if gone.isdisjoint(fact.split()))

    def as_json(self, plain: Measured) -> dict[str, Any]:
        """Return everything, with what follows from a comparison with plain Jupyter."""
        return {**asdict(self), "restore_s": self.restore_s, "is_right": self.is_right, **self.against(plain)}

    def against(self, plain: Measured) -> Mapping[str, float | None]:
        """Return overheads: shares of the plain run time, seconds per trivial cell, bytes."""
        return {
            "overhead": self._overhead(plain, 0.0),
            "overhead_beyond_fixed": self._overhead(plain, self._fixed(plain, statistics.median)),
            "fixed_median_s": self._fixed(plain, statistics.median),
            "fixed_p95_s": self._fixed(plain, lambda added: quantile(added, 0.95)),
            "peak_added_bytes": None
            if self.peak_bytes is None or plain.peak_bytes is None
            else self.peak_bytes - plain.peak_bytes,
        }

    def _fixed(self, plain: Measured, summary: Any) -> float | None:
        pairs = list(zip(self.probes_s, plain.probes_s, strict=False))
        return float(summary([one - other for one, other in pairs])) if pairs else None

    def _overhead(self, plain: Measured, fixed_s: float | None) -> float | None:
        if self.n_failed or fixed_s is None or len(self.cells_s) != len(plain.cells_s):
            return None
        return (sum(self.cells_s) - fixed_s * len(self.cells_s)) / sum(plain.cells_s) - 1
