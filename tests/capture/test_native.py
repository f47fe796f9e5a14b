"""What native code does to files, which no audit event tells: a C library opens, writes, renames and removes them."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ensession.capture import folders
from ensession.capture.effects import EffectRecorder, caution
from ensession.capture.folders import FolderWatch
from ensession.capture.writers import known_writer, paths_in
from ensession.model import FileAccess

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what happens to files")
LIBC = ctypes.CDLL(None, use_errno=True)


def write(path: str, text: bytes = b"native", flags: int = os.O_TRUNC) -> None:
    descriptor = LIBC.open(os.fsencode(path), os.O_WRONLY | os.O_CREAT | flags, 0o644)
    assert descriptor >= 0
    assert LIBC.write(descriptor, text, len(text)) == len(text)
    LIBC.close(descriptor)


def read(path: str) -> None:
    LIBC.close(LIBC.open(os.fsencode(path), os.O_RDONLY))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    (home / "below" / "deeper").mkdir(parents=True)
    (home / "data.csv").write_text("a,b\n")
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def recorder(home: Path) -> Iterator[EffectRecorder]:
    recorder = EffectRecorder(ignore=lambda path: path.endswith("own.ens"))
    yield recorder
    recorder.close()


def during(recorder: EffectRecorder, act: Callable[[], object], *places: str) -> dict[str, str]:
    recorder.begin(places)
    act()
    files, effects = recorder.end()
    found = {os.path.relpath(file.path): file.mode for file in files}
    return found | {os.path.relpath(effect.detail): effect.kind for effect in effects}


def rename() -> None:
    write("new.tmp")
    LIBC.rename(b"new.tmp", b"data.csv")


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda: write("out.bin"), {"out.bin": "w"}),
        (lambda: write("data.csv"), {"data.csv": "w"}),
        (lambda: write("data.csv", flags=os.O_APPEND), {"data.csv": "w"}),
        (lambda: write("below/deeper/out.bin"), {"below/deeper/out.bin": "w"}),
        (lambda: read("data.csv"), {"data.csv": "r"}),
        (lambda: (read("data.csv"), write("data.csv")), {"data.csv": "w"}),
        (rename, {"data.csv": "write"}),
        (lambda: LIBC.unlink(b"data.csv"), {"data.csv": "delete"}),
        (lambda: LIBC.mkdir(b"fresh", 0o755), {"fresh": "write"}),
        (lambda: (write("passing"), LIBC.unlink(b"passing")), {}),
        (lambda: (write("own.ens"), write("book.ipynb"), write(".hidden")), {}),
        (lambda: os.listdir("below"), {}),
        (lambda: None, {}),
    ],
)
def test_what_native_code_does_in_the_working_directory(
    recorder: EffectRecorder, act: Callable[[], object], expected: dict[str, str]
) -> None:
    assert during(recorder, act) == expected


def test_a_file_that_is_read_is_an_input_like_any_other(recorder: EffectRecorder, home: Path) -> None:
    recorder.begin()
    read("data.csv")
    (file,), _ = recorder.end()
    recorder.begin()
    (home / "data.csv").read_text()
    (same,), _ = recorder.end()
    recorder.begin()
    Path("data.csv").read_text()
    (relative,), _ = recorder.end()
    assert isinstance(file, FileAccess)
    assert file.content_hash is not None
    assert same.folder is None
    assert file == relative


def test_what_python_tells_is_told_once(recorder: EffectRecorder, home: Path) -> None:
    def act() -> None:
        Path("a").write_text("x")
        Path("a").rename("b")
        Path("b").unlink()
        Path("below/new").mkdir()

    recorder.begin()
    act()
    files, effects = recorder.end()
    assert [(os.path.relpath(file.path), file.mode) for file in files] == [("a", "w")]
    assert sorted((effect.kind, os.path.relpath(effect.detail)) for effect in effects) == [
        ("delete", "b"),
        ("write", "a"),
        ("write", "b"),
        ("write", "below/new"),
    ]


def test_elsewhere_what_the_code_names_is_watched(recorder: EffectRecorder, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    assert during(recorder, lambda: write(f"{there}/out")) == {}
    assert during(recorder, lambda: write(f"{there}/out"), f"{there}/out") == {"../there/out": "w"}
    assert during(recorder, lambda: write(f"{there}/more")) == {"../there/more": "w"}, "from then on"
    assert caution(*of(recorder, lambda: write(f"{there}/out"))) == f"it wrote {there}/out"


def of(recorder: EffectRecorder, act: Callable[[], object]) -> tuple[tuple[FileAccess, ...], tuple[object, ...]]:
    recorder.begin()
    act()
    return recorder.end()


def test_where_everybody_writes_only_what_the_code_names_counts(
    recorder: EffectRecorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = tmp_path / "busy"
    busy.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(busy))
    found = during(recorder, lambda: (write(f"{busy}/mine"), write(f"{busy}/anybody's")), f"{busy}/mine")
    assert found == {"../busy/mine": "w"}


def test_new_and_moved_folders_are_watched_too(recorder: EffectRecorder) -> None:
    assert during(recorder, lambda: os.mkdir("new")) == {"new": "write"}
    assert during(recorder, lambda: write("new/out")) == {"new/out": "w"}
    during(recorder, lambda: os.rename("new", "renamed"))
    assert during(recorder, lambda: write("renamed/out")) == {"renamed/out": "w"}


def test_another_working_directory_is_watched_from_the_next_cell_on(
    recorder: EffectRecorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    during(recorder, lambda: None)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert during(recorder, lambda: write("out")) == {"out": "w"}


def test_what_happens_between_two_cells_is_not_the_cell_s(recorder: EffectRecorder) -> None:
    during(recorder, lambda: None)
    write("data.csv")
    assert during(recorder, lambda: None) == {}


def test_more_writes_than_the_system_keeps_are_a_write_of_something(recorder: EffectRecorder, home: Path) -> None:
    room = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    one, other = (LIBC.open(name, os.O_WRONLY | os.O_CREAT, 0o644) for name in (b"one", b"other"))
    recorder.begin()
    for _ in range(room // 2 + 2):  # the same file twice in a row would be one event
        LIBC.write(one, b"x", 1)
        LIBC.write(other, b"x", 1)
    files, effects = recorder.end()
    LIBC.close(one)
    LIBC.close(other)
    assert "more files than the system tells of" in " ".join(effect.detail for effect in effects)
    assert caution(files, effects)
    assert during(recorder, lambda: write("out")) == {"out": "w"}, "and it goes on"


def test_more_than_one_read_of_the_queue_gives_is_seen(recorder: EffectRecorder) -> None:
    names = [f"{number:03}-{'long' * 30}" for number in range(400)]  # of 144 bytes and more an event, three a file

    def act() -> None:
        for name in names:
            write(name)

    assert during(recorder, act) == dict.fromkeys(names, "w")


def test_no_more_folders_than_agreed_are_watched(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "WATCHED_FOLDERS", 3)
    for number in range(5):
        (home / f"n{number}").mkdir()
    assert len(folders._below(str(home))) == 3
    (home / "env").mkdir()
    (home / "env" / "pyvenv.cfg").touch()
    monkeypatch.setattr(folders, "WATCHED_FOLDERS", 300)
    found = folders._below(str(home))
    assert len(found) == 8
    assert str(home / "env") not in found


def test_a_system_that_tells_nothing_is_lived_with(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "elsewhere")
    watch = FolderWatch()
    watch.begin(str(home), ["/there"])
    assert watch.problem is None
    assert watch.end() == folders.Seen()
    watch.close()


def test_where_no_more_folders_can_be_watched_that_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders._Queue, "watch", lambda *_: False)
    watch = FolderWatch()
    watch.begin(str(home), [])
    assert "max_user_watches" in str(watch.problem)
    watch.close()


def test_known_writers() -> None:
    loaded = {"polars", "torch", "duckdb"}
    assert "write_parquet (polars)" in str(known_writer({"write_parquet"}, (), loaded, ()))
    assert known_writer({"write_parquet"}, (), {"numpy"}, ()) is None
    assert known_writer({"save"}, {"numpy"}, loaded, ()) is None
    assert "save (torch)" in str(known_writer({"save"}, {"torch"}, loaded, ()))
    assert "SQL" in str(known_writer((), (), loaded, ["con.sql('copy t \n to ?')"]))
    assert known_writer((), (), loaded, ["select * from t"]) is None
    assert known_writer((), (), {"polars"}, ["copy t to 'x'"]) is None


def test_paths_in_code_in_functions_and_in_variables() -> None:
    code = "f('/a/b', \"../c\", 'plain', f'{x}/d', 'https://e/f')"
    found = list(
        paths_in(code, ["~/texts", "no path"], ["/value", Path("pure"), 3, b"/bytes", "plain", ["/in/a/list"]])
    )
    assert found == ["/a/b", "../c", "{x}/d", "~/texts", "/value", "pure"]
