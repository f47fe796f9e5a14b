"""Plans and reports as the store keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ensession.model import Fate


def plain(record: Any) -> Mapping[str, Any]:
    """Return a plan or a report as JSON can hold it; of what was kept only the number."""
    values: dict[str, Any] = asdict(record)
    if "missing" in values:
        values["missing"] = {str(key): reason for key, reason in values["missing"].items()}
    values.pop("plan", None)
    if "variables" in values:
        variables = values["variables"]
        values["variables"] = [one for one in variables if one["fate"] is not Fate.KEPT]
        values["n_kept"] = len(variables) - len(values["variables"])
    for key in ("load_all_s", "run_all_s"):
        if values.get(key) == float("inf"):
            values[key] = None
    return values
