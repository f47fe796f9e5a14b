"""What loading and running are estimated to cost. Pure: no I/O, no clock.

The defaults are orders of magnitude of an ordinary machine; a plan only needs their ratios.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ensession.model import GraphExecution, GraphVersion, PayloadInfo

LONGEST_S = 1e9
"""Runtimes are cut off here (32 years), so that a broken clock can't poison a plan."""

PRIOR_BYTES = 64e6
"""Bytes of measured loads from which on they outweigh the defaults."""

MOST_SLOWER = 10.0
"""A load that takes more than so many times what was expected did something besides, like importing a library."""


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
    store_stream_bytes_per_s, store_buffer_bytes_per_s : float
        Rates at which streams and buffers are cut, hashed, compressed and written.
    """

    load_fixed_s: float = 0.0003
    stream_bytes_per_s: float = 80e6
    buffer_bytes_per_s: float = 1e9
    run_fixed_s: float = 0.003
    store_stream_bytes_per_s: float = 100e6
    store_buffer_bytes_per_s: float = 200e6

    def estimate_load_s(self, n_stream_bytes: int, n_buffer_bytes: int) -> float:
        """Estimate the time to load a payload of these plain sizes."""
        return self.load_fixed_s + n_stream_bytes / self.stream_bytes_per_s + n_buffer_bytes / self.buffer_bytes_per_s

    def estimate_store_s(self, n_stream_bytes: int, n_buffer_bytes: int) -> float:
        """Estimate the time to store a payload of these plain sizes, none of it stored before."""
        return n_stream_bytes / self.store_stream_bytes_per_s + n_buffer_bytes / self.store_buffer_bytes_per_s

    def load_cost_s(self, payload: PayloadInfo) -> float:
        """Estimate the time to load a stored payload."""
        return self.estimate_load_s(payload.n_stream_bytes, payload.n_buffer_bytes)

    def run_cost_s(self, runtime_s: float) -> float:
        """Estimate the time to run a cell again that once took ``runtime_s``."""
        return self.run_fixed_s + min(max(runtime_s, 0.0), LONGEST_S)

    def version_cost_s(self, version: GraphVersion) -> float:
        """Estimate the time to load a version that has a payload."""
        assert version.payload is not None  # noqa: S101  (who asks has made sure)
        return self.load_cost_s(version.payload)

    def execution_cost_s(self, execution: GraphExecution) -> float:
        """Estimate the time to run an execution again."""
        return self.run_cost_s(execution.runtime_s)

    def learned(self, loads: Iterable[tuple[int, int, float]]) -> CostModel:
        """Return the prices with rates as they were measured here.

        Parameters
        ----------
        loads : iterable of (int, int, float)
            Plain bytes of stream and buffers of payloads that were loaded, and the seconds that took.

        Returns
        -------
        CostModel
            The present rates count as much as :data:`PRIOR_BYTES` of measurements, so that one slow minute does not
            turn plans around; and no load counts as more than :data:`MOST_SLOWER` times as slow, so that an import
            of a second is not taken for the rate of the few bytes that asked for it.
        """
        streams, buffers = [PRIOR_BYTES, PRIOR_BYTES / self.stream_bytes_per_s], [PRIOR_BYTES, 0.0]
        buffers[1] = PRIOR_BYTES / self.buffer_bytes_per_s
        for n_stream_bytes, n_buffer_bytes, duration_s in loads:
            # The part of the time that goes to the other kind is taken at its present rate.
            stream_s, buffer_s = n_stream_bytes / self.stream_bytes_per_s, n_buffer_bytes / self.buffer_bytes_per_s
            if n_stream_bytes >= n_buffer_bytes:
                bytes_, expected_s, rest_s, kind = n_stream_bytes, stream_s, buffer_s, streams
            else:
                bytes_, expected_s, rest_s, kind = n_buffer_bytes, buffer_s, stream_s, buffers
            kind[0] += bytes_
            kind[1] += min(max(duration_s - self.load_fixed_s - rest_s, 0.0), MOST_SLOWER * expected_s)
        return replace(self, stream_bytes_per_s=streams[0] / streams[1], buffer_bytes_per_s=buffers[0] / buffers[1])
