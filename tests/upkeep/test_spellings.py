"""A text is found however it is written."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensession.config import Config
from ensession.model import ExecutionId
from ensession.store import Store, check_store
from ensession.upkeep.spellings import SHORTEST, spellings
from tests.upkeep.kit import bytes_of, forget, plain, record


def test_a_plain_text_has_one_spelling() -> None:
    assert spellings("hunter2") == ("hunter2",)


@given(st.text(min_size=1))
def test_every_way_of_writing_it_is_there(text: str) -> None:
    found = spellings(text)
    assert found[0] == text
    if len(text.strip()) >= SHORTEST:
        written = [repr(text)[1:-1], json.dumps(text)[1:-1], html.escape(text), repr([text])[2:-2]]
        assert set(written) <= set(found)
    assert all(len(one.strip()) >= SHORTEST for one in found[1:])


@given(st.text(min_size=SHORTEST))
def test_what_stands_in_code_tells_of_the_value(text: str) -> None:
    if len(text.strip()) >= SHORTEST:
        assert text in spellings(repr(text)[1:-1])


@pytest.mark.parametrize("copied", [False, True], ids=["the value", "as it stands in the code"])
def test_a_secret_with_signs_is_forgotten(copied: bool, tmp_path: Path) -> None:
    secret, path = "hun\\ter<2>\n'4711\" end", tmp_path / "a.ens"
    cells = (
        f"secret_text = {secret!r}",
        "secret_text",
        "print(secret_text)",
        "import json\nshown = json.dumps([secret_text])",
        "holder = [repr(secret_text), 1]",
        "n = 5",
    )
    record(path, *cells)
    assert b"4711" in plain(path)
    done = forget(path, texts=(repr(secret)[1:-1] if copied else secret,), code=True)
    assert done.remarks == ()
    assert b"4711" not in plain(path)
    assert b"4711" not in bytes_of(path)
    assert check_store(path, Config()) == []
    with Store.open(path, Config()) as store:
        assert store.history.execution(ExecutionId(2)).code == "secret_text = '[forgotten]'"
