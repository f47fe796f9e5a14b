"""What an execution does outside, as the interpreter's audit events tell it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from ensession.capture import effects as module
from ensession.capture.effects import EffectRecorder, caution
from ensession.model import Effect, FileAccess


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("a,b\n")
    return tmp_path


@pytest.fixture
def recorder() -> Iterator[EffectRecorder]:
    recorder = EffectRecorder()
    yield recorder
    recorder.end()


def during(recorder: EffectRecorder, act: Callable[[], Any]) -> tuple[tuple[FileAccess, ...], tuple[Effect, ...]]:
    recorder.begin()
    act()
    return recorder.end()


def modes(files: tuple[FileAccess, ...]) -> dict[str, str]:
    return {os.path.relpath(file.path): file.mode for file in files}


def test_a_file_that_is_read(recorder: EffectRecorder, folder: Path) -> None:
    (file,), effects = during(recorder, lambda: Path("data.csv").read_text())
    assert effects == ()
    assert file.path == str(folder / "data.csv")
    assert (file.mode, file.size) == ("r", 4)
    assert file.mtime == os.stat("data.csv").st_mtime
    assert file.content_hash == blake3(b"a,b\n").digest()


@pytest.mark.parametrize("mode", ["w", "a", "x", "r+", "wb", "ab+"])
def test_a_file_that_may_change(recorder: EffectRecorder, mode: str) -> None:
    name = "new" if "x" in mode else "data.csv"
    files, _ = during(recorder, lambda: open(name, mode).close())
    assert modes(files) == {name: "w"}
    assert files[0].content_hash is None


def test_low_level_opening(recorder: EffectRecorder) -> None:
    def act() -> None:
        os.close(os.open("data.csv", os.O_RDONLY))
        os.close(os.open(b"other", os.O_WRONLY | os.O_CREAT))

    assert modes(during(recorder, act)[0]) == {"data.csv": "r", "other": "w"}


def test_read_and_written_counts_as_written_and_once(recorder: EffectRecorder) -> None:
    def act() -> None:
        text = Path("data.csv").read_text()
        for _ in range(3):
            Path("data.csv").write_text(text)

    assert modes(during(recorder, act)[0]) == {"data.csv": "w"}


def test_a_file_that_is_not_there(recorder: EffectRecorder) -> None:
    def act() -> None:
        with contextlib.suppress(FileNotFoundError):
            open("missing.csv")

    assert during(recorder, act)[0] == (
        FileAccess(os.path.abspath("missing.csv"), "r", None, None, folder=os.getcwd()),
    )


def test_big_files_are_not_hashed(recorder: EffectRecorder, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HASHED_BYTES", 10)
    monkeypatch.setattr(module, "HASHED_BYTES_IN_ALL", 25)
    for number, size in enumerate([11, 10, 10, 10]):
        (folder / f"{number}").write_bytes(b"x" * size)
    files, _ = during(recorder, lambda: [Path(str(number)).read_bytes() for number in range(4)])
    assert [file.content_hash is not None for file in files] == [False, True, True, False]
    assert [file.size for file in files] == [11, 10, 10, 10]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda: os.remove("data.csv"), {("delete", "data.csv")}),
        (lambda: os.rename("data.csv", "b"), {("write", "data.csv"), ("write", "b")}),
        (lambda: os.replace("data.csv", "b"), {("write", "data.csv"), ("write", "b")}),
        (lambda: os.mkdir("d"), {("write", "d")}),
        (lambda: os.makedirs(".", exist_ok=True), set()),
        (lambda: os.truncate("data.csv", 1), {("write", "data.csv")}),
        (lambda: os.symlink("data.csv", "l"), {("write", "l")}),
        (lambda: os.link("data.csv", "l"), {("write", "l")}),
        (lambda: shutil.move("data.csv", "b"), {("write", "data.csv"), ("write", "b")}),
    ],
)
def test_changes_of_the_file_system(recorder: EffectRecorder, act: Callable[[], Any], expected: set[Any]) -> None:
    _, effects = during(recorder, act)
    assert {(effect.kind, os.path.relpath(effect.detail)) for effect in effects} == expected


def test_removing_a_tree_names_what_is_in_it(recorder: EffectRecorder, folder: Path) -> None:
    (folder / "tree" / "inner").mkdir(parents=True)
    (folder / "tree" / "inner" / "file").touch()
    files, effects = during(recorder, lambda: shutil.rmtree("tree"))
    assert files == ()
    assert {effect.kind for effect in effects} == {"delete"}
    assert {os.path.relpath(effect.detail) for effect in effects} == {"tree", "tree/inner", "tree/inner/file"}


def test_temporary_folder_is_forgiven(recorder: EffectRecorder) -> None:
    def act() -> None:
        with tempfile.TemporaryDirectory() as name:
            Path(name, "inner").mkdir()
            Path(name, "inner", "file").write_text("x")
        with tempfile.TemporaryFile() as file:
            file.write(b"x")

    files, effects = during(recorder, act)
    assert caution(files, effects) is None


def test_programs(recorder: EffectRecorder) -> None:
    def act() -> None:
        subprocess.run([sys.executable, "-c", ""], check=True)
        os.system("true")
        subprocess.run(["uname"], check=True, stdout=subprocess.DEVNULL)

    _, effects = during(recorder, act)
    assert [effect.kind for effect in effects] == ["subprocess", "subprocess"]
    assert effects[0].detail == f"{sys.executable} -c "
    assert effects[1].detail == "true"


def test_network(recorder: EffectRecorder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        _, effects = during(recorder, lambda: socket.create_connection(("localhost", port)).close())
    assert effects == (Effect("network", f"localhost:{port} (this machine)"),)


def test_databases(recorder: EffectRecorder) -> None:
    def act() -> None:
        for name in (":memory:", "file:some.db?mode=ro", "new.db", "file:uri.db?mode=rwc"):
            with contextlib.suppress(sqlite3.OperationalError):
                sqlite3.connect(name, uri=name.startswith("file:")).close()

    assert modes(during(recorder, act)[0]) == {"new.db": "w", "uri.db": "w", "some.db": "r"}


def test_what_is_none_of_the_cells_business(folder: Path) -> None:
    recorder = EffectRecorder(ignore=lambda path: path.endswith(".ens"))
    (folder / "mine.py").write_text("x = 1\n")
    code = "import sys; sys.path.insert(0, '.'); import mine, wave"

    def act() -> None:
        exec(code, {})
        Path("store.ens").write_bytes(b"")
        Path("/proc/self/stat").read_text()
        Path("/dev/null").write_text("x")
        Path(module.__file__).read_text()

    try:
        assert during(recorder, act) == ((), ())
    finally:
        sys.path.remove(".")


def test_other_threads_are_heard_and_other_times_are_not(recorder: EffectRecorder) -> None:
    def act() -> None:
        thread = threading.Thread(target=lambda: Path("data.csv").read_text())
        thread.start()
        thread.join()

    assert modes(during(recorder, act)[0]) == {"data.csv": "r"}
    Path("between").write_text("x")
    assert during(recorder, lambda: None) == ((), ())


def test_strange_arguments_do_no_harm(recorder: EffectRecorder) -> None:
    class Evil:
        def __fspath__(self) -> str:
            raise RuntimeError("no")

    def act() -> None:
        sys.audit("open", Evil(), "r", 0)
        sys.audit("os.remove")
        sys.audit("socket.connect")
        sys.audit("subprocess.Popen", None)

    files, effects = during(recorder, act)
    assert files == ()
    assert {effect.detail for effect in effects} >= {"something that could not be named (open: RuntimeError)"}
    assert caution(files, effects)


def test_one_hook_for_all_recorders() -> None:
    one, other = EffectRecorder(), EffectRecorder()
    one.begin()
    other.begin()
    Path("data.csv").read_text()
    assert one.end() == other.end() != ((), ())
    assert len(module._hooks) == 1


@pytest.mark.parametrize(
    ("files", "effects", "reason"),
    [
        ([], [], None),
        ([FileAccess("/home/a/x", "r", 1, 1.0)], [], None),
        ([FileAccess("/home/a/x", "w", 1, 1.0)], [], "it wrote /home/a/x"),
        ([FileAccess(f"{tempfile.gettempdir()}/x", "w", None, None)], [], None),
        ([FileAccess(f"{tempfile.gettempdir()}/x", "w", 1, 1.0)], [], f"it wrote {tempfile.gettempdir()}/x"),
        ([FileAccess(f"{tempfile.gettempdir()}/work/x", "w", 1, 1.0)], [], "it wrote /tmp/work/x"),
        ([], [Effect("write", "/home/a/x")], "it changed /home/a/x"),
        ([], [Effect("delete", "/home/a/x")], "it removed /home/a/x"),
        ([], [Effect("delete", f"{tempfile.gettempdir()}/x")], None),
        ([], [Effect("network", "example.org:443")], "it talked to example.org:443"),
        ([], [Effect("subprocess", "make all")], "it ran make all"),
    ],
)
def test_reasons(
    monkeypatch: pytest.MonkeyPatch, files: list[FileAccess], effects: list[Effect], reason: str | None
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    assert caution(files, effects, cwd="/tmp/work") == reason
