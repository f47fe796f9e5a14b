"""What a user registers."""

from __future__ import annotations

from typing import Any

import pytest

import ensession
from ensession.errors import UsageError


@pytest.mark.parametrize("kind", [5, "int", object()])
def test_a_reducer_is_for_a_type(kind: Any) -> None:
    with pytest.raises(UsageError, match=f"not for an object of type {type(kind).__name__}"):
        ensession.register_reducer(kind, reduce=None)
