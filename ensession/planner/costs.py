"""What loading and running are estimated to cost. Pure: no I/O, no clock.

The defaults are orders of magnitude of an ordinary machine; a plan only needs their ratios.
"""

from __future__ import annotations

from dataclasses import dataclass

from ensession.model import PayloadInfo

LONGEST_S = 1e9
"""Runtimes are cut off here (32 years), so that a broken clock can't poison a plan."""


@dataclass(frozen=True, slots=True)
class CostModel:
    """Prices, in seconds, of bringing versions back.

    Attributes
    ----------
    load_fixed_s : float
        Per payload: look-ups and starting the unpickler.
    stream_bytes_per_s, buffer_bytes_per_s : float
        Rates at which a pickle stream is turned into objects and out-of-band buffers are read.
    run_fixed_s : float
        Per cell: transforming, compiling, hooks.
    """

    load_fixed_s: float = 0.0003
    stream_bytes_per_s: float = 80e6
    buffer_bytes_per_s: float = 1e9
    run_fixed_s: float = 0.003

    def estimate_load_s(self, n_stream_bytes: int, n_buffer_bytes: int) -> float:
        """Estimate the time to load a payload of these plain sizes."""
        return self.load_fixed_s + n_stream_bytes / self.stream_bytes_per_s + n_buffer_bytes / self.buffer_bytes_per_s

    def load_cost_s(self, payload: PayloadInfo) -> float:
        """Estimate the time to load a stored payload."""
        return self.estimate_load_s(payload.n_stream_bytes, payload.n_buffer_bytes)

    def run_cost_s(self, runtime_s: float) -> float:
        """Estimate the time to run a cell again that once took ``runtime_s``."""
        return self.run_fixed_s + min(max(runtime_s, 0.0), LONGEST_S)
