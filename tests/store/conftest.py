"""Fixtures for the store's tests: always a file, never ``:memory:``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ensession.config import Config
from ensession.model import KernelRunId
from ensession.store import Store
from tests.store.kit import ENVIRONMENT


@pytest.fixture
def config() -> Config:
    return Config(busy_timeout_s=0.2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a b%41?.ens"  # what a URI could trip over


@pytest.fixture
def store(path: Path, config: Config) -> Iterator[Store]:
    with Store.create_or_open(path, config, clock=lambda: 12.5) as opened:
        yield opened


@pytest.fixture
def run(store: Store) -> KernelRunId:
    return store.log.begin_run(ENVIRONMENT).id
