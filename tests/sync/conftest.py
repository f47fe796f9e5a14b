"""Two copies of a store, in two folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.store import Store


@pytest.fixture
def config() -> Config:
    return Config(busy_timeout_s=5.0)


@pytest.fixture
def laptop(tmp_path: Path, config: Config) -> Iterator[Store]:
    with Store.create_or_open(tmp_path / "laptop.ens", config) as store:
        yield store


@pytest.fixture
def server(tmp_path: Path, config: Config) -> Iterator[Store]:
    with Store.create_or_open(tmp_path / "server.ens", config) as store:
        yield store
