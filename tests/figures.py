"""Counting what was really tried: tests say it, ``make reliability`` adds it up. Imports nothing of ours."""

from __future__ import annotations

import json
import os

FILE = "ENSESSION_FIGURES"
"""The environment variable with the path of the file that collects the figures; nothing is collected without it."""


def tried(what: str, times: int = 1) -> None:
    """Say that something was tried, and went as it has to."""
    path = os.environ.get(FILE)
    if path:
        # One write: several processes may do so at once.
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps([what, times]) + "\n")
