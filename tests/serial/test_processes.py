"""Payloads seen from another process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.serial.worlds import World


def test_an_equal_set_has_an_equal_fingerprint_in_another_process() -> None:
    code = (
        "import sys; from tests.serial.worlds import World; w = World();"
        "x = {'a', 'b', 'c', b'd', (1, 'e'), None, 2.5, frozenset({'f', 'g'}), World};"
        "sys.stdout.write(w.fingerprint({'x': [x, {'k': x}], 'y': frozenset({'u', 'v', 'w'})}).hex())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(found) == 1


def test_a_set_in_order_is_stored_as_it_is_and_its_change_is_seen() -> None:
    world = World()
    values = {"x": {"a", "b", "c"}}
    assert world.dumped(values).read_stream()
    before = world.fingerprint(values)
    values["x"].add("d")
    assert world.fingerprint(values) != before
    values["x"].remove("d")
    assert world.fingerprint(values) == before
