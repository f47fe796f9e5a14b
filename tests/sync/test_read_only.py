"""A store that may not be written to can be pushed from, and pulled from."""

from __future__ import annotations

from pathlib import Path

import pytest

from ensession.config import Config
from ensession.store import Store
from ensession.sync import existing, existing_or_new, parse_address, transfer
from tests.rights import rights_count
from tests.sync.kit import Work, content


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o400, 0o700), (0o600, 0o500), (0o400, 0o500)])
def test_a_source_without_the_right_to_write(file_mode: int, folder_mode: int, tmp_path: Path) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    here, there = folder / "a.ens", tmp_path / "b.ens"
    with Store.create_or_open(here, Config()) as store:
        Work(store).cell(2_000)
        expected = content(store)
    here.chmod(file_mode)
    folder.chmod(folder_mode)
    addresses = (parse_address(str(one)) for one in (here, there))
    try:
        with (
            rights_count(),
            existing(next(addresses), Config()) as (source, _),
            existing_or_new(next(addresses), Config()) as (_, target),
        ):
            assert transfer(source, target).n_payloads == 1
        assert [one.name for one in folder.iterdir()] == ["a.ens"]
    finally:
        folder.chmod(0o700)
    with Store.open_read_only(there, Config()) as store:
        assert content(store) == expected
