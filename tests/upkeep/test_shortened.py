"""Of a long text, the parts go too that outputs and previews show of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ensession.config import Config
from ensession.model import PREVIEW_CHARS
from ensession.store import Store, check_store
from ensession.store.shortened import is_previewed_shortened, is_shown_shortened
from tests.upkeep.kit import forget, plain, record

TEXT = "zebra-0123456789-" + "kangaroo-" * 6 + "9876543210-llama"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("x zebra-0123456...", True),
        ("x zebra-0123456… y", True),
        ("'zebra-0...10-llama'", True),
        ("...aroo-9876543210-llama", True),
        ("zebra-0 zebra-0 zebra-01...", True),
        ("zebra-...", False),
        ("zebra-0123456", False),
        ("zebra-0123456x...", False),
        ("...xx9876543210-llam", False),
        (TEXT, False),
    ],
)
def test_what_counts_as_a_part(shown: str, expected: bool) -> None:
    assert is_shown_shortened(shown, TEXT) is expected


def test_a_preview_of_an_older_version_that_is_cut_off_has_no_ellipsis() -> None:
    assert is_previewed_shortened("x" * (PREVIEW_CHARS - 20) + TEXT[:20], TEXT)
    assert not is_previewed_shortened("x" * 50 + TEXT[:20], TEXT)


def test_previews_of_what_is_not_stored_and_outputs(tmp_path: Path) -> None:
    path = tmp_path / "a.ens"
    cells = (
        f"animals = {TEXT!r}",
        "kept = {'a' * 30: 1, 'b' * 40: 2, 'animals': animals}",
        "from IPython.lib.pretty import pretty\nimport reprlib\nreprlib.repr(animals)",
        "print(animals[:30] + '…')",
        "other = 'zebra-0123456789-' + 'kangaroo-' * 6 + 'another one altogether'",
    )
    record(path, *cells)
    with Store.open(path, Config()) as store:
        stored = [one.id for one in store.history.graph(6).versions.values() if one.payload is not None]
        names = {one.id: one.names for one in store.history.graph(6).versions.values()}
        gone = [id_ for id_ in stored if names[id_] in (("animals",), ("kept",))]
        assert len(gone) == 2
        store.keeper.drop_payloads(gone, store.keeper.mark())
    assert forget(path, texts=(TEXT,), code=True).remarks == ()
    left = plain(path)
    assert b"zebra-0123456789-kangaroo" in left  # of the other one, which is stored and is no part of it
    with Store.open(path, Config()) as store:
        for number in range(1, 6):
            bound = dict(store.history.bindings(number))
            assert not any("zebra" in one.summary.preview for one in bound.values() if one and one.summary)
            assert "zebra" not in str(store.history.outputs(number))
        (other,) = store.history.versions_of("other")
        assert other.version.payload is not None
    assert check_store(path, Config()) == []
