"""Copies brought together by the installed command: over a path, over a pipe, over a real ssh."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Ens, StartKernel
from tests.figures import tried
from tests.hosts import Host, is_there, ssh_server
from tests.kernels import Kernel, kernel_environment

BIG = "import os\nblobs = [os.urandom(200_000) for _ in range(150)]"


@pytest.fixture
def recorded(start_kernel: StartKernel, tmp_path: Path) -> tuple[Kernel, Path]:
    """A kernel at work, and its store."""
    kernel = start_kernel("here")
    store = tmp_path / "here" / "work.ens"
    kernel.run(f"%ens start {store} --all")
    kernel.run("x = list(range(1000)); y = x")
    return kernel, store


def digests(ens: Ens, store: Path) -> set[str]:
    return {execution["digest"] for execution in ens.json("log", store)["executions"]}


def test_a_store_on_a_stick_while_the_kernel_works(ens: Ens, recorded: tuple[Kernel, Path], tmp_path: Path) -> None:
    kernel, store = recorded
    stick = tmp_path / "stick.ens"
    assert ens.json("push", store, stick)["sent"]["executions"] == len(digests(ens, store))
    kernel.run("y.append('more')")
    assert ens.json("push", store, stick)["sent"]["executions"] == 1
    assert digests(ens, stick) == digests(ens, store)
    ens.assert_clean(stick)
    kernel.run("z = len(x)")
    kernel.kill()
    ens.json("sync", store, stick)
    assert digests(ens, stick) == digests(ens, store)


def test_the_session_goes_on_from_the_other_copy(
    ens: Ens, recorded: tuple[Kernel, Path], tmp_path: Path, start_kernel: StartKernel
) -> None:
    kernel, store = recorded
    away = tmp_path / "away" / "work.ens"
    away.parent.mkdir()
    ens.json("push", store, away)
    other = start_kernel("away")
    other.run(f"%ens restore {away}")
    other.run("assert x is y and len(x) == 1000; x.append('away')")
    kernel.run("x.append('at home')")
    ens.json("sync", store, away)
    assert digests(ens, store) == digests(ens, away)
    for path in (store, away):
        ens.assert_clean(path)
    kernel.run("assert x[-1] == 'at home'; x.append('still at home')")
    assert len(digests(ens, store)) == len(digests(ens, away)) + 1


@pytest.fixture
def pipe(tmp_path: Path, home: Path) -> list[str]:
    """Options that reach "another machine" without ssh: the command runs here."""
    script = tmp_path / "reach"
    script.write_text('#!/bin/sh\nfor word; do last=$word; done\nexec sh -c "$last"\n')
    script.chmod(0o755)
    return ["--ssh", str(script), "--remote-ens", str(Path(sys.executable).with_name("ens"))]


@pytest.mark.parametrize("rounds", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_interrupted_at_random_moments_it_always_completes_later(
    rounds: int, ens: Ens, recorded: tuple[Kernel, Path], tmp_path: Path, pipe: list[str], home: Path
) -> None:
    kernel, store = recorded
    kernel.run(BIG)
    kernel.kill()
    target = tmp_path / "there.ens"
    command = [str(Path(sys.executable).with_name("ens")), "push", str(store), f"ssh://there{target}", *pipe]
    seed = random.SystemRandom().randrange(2**32)
    random_ = random.Random(seed)
    for _ in range(rounds):
        process = subprocess.Popen(
            command,
            env=kernel_environment(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(random_.uniform(0.2, 1.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if target.exists():
            ens.assert_clean(target)
        tried("SIGKILL of a push at a random moment")
    done = ens(*command[1:])
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    assert digests(ens, target) == digests(ens, store)
    assert ens.json(*command[1:])["sent"]["n_bytes"] == 0


def test_errors_name_the_way_out(ens: Ens, recorded: tuple[Kernel, Path], tmp_path: Path, pipe: list[str]) -> None:
    _, store = recorded
    assert "no such store" in ens("pull", tmp_path / "nothing.ens", store).stderr
    assert "the same file" in ens("sync", store, store).stderr
    assert "no address" in ens("push", store, "ftp://x/y").stderr
    gone = ens("push", store, "ssh://there/x.ens", "--ssh", pipe[1], "--remote-ens", "no-such-command")
    assert gone.returncode == 12
    assert "not found" in gone.stderr
    nowhere = ens("push", store, f"ssh://there{tmp_path}/no/such/folder/x.ens", *pipe)
    assert nowhere.returncode != 0
    assert "Traceback" not in nowhere.stderr


@pytest.fixture
def host(tmp_path: Path, home: Path) -> Iterator[Host]:
    if not is_there():
        pytest.skip("there is no ssh server on this machine (packages openssh-server and openssh-client)")
    with ssh_server(tmp_path / "ssh") as found:
        yield found


def test_push_and_pull_over_ssh(ens: Ens, recorded: tuple[Kernel, Path], tmp_path: Path, host: Host) -> None:
    kernel, store = recorded
    kernel.run(BIG)
    there = tmp_path / "a folder" / "there.ens"
    there.parent.mkdir()
    remote = f"ssh://127.0.0.1:{host.port}{str(there).replace(' ', '%20')}"
    assert ens.json("push", store, remote, *host.ens_options())["sent"]["n_bytes"] > 20_000_000
    ens.assert_clean(there)
    kernel.run("blobs[7] = b'small'")
    change = ens.json("sync", store, remote, *host.ens_options())["sent"]
    assert 0 < change["n_bytes"] < 2_000_000
    back = tmp_path / "back.ens"
    ens.json("pull", remote, back, *host.ens_options())
    assert digests(ens, back) == digests(ens, store)
    ens.assert_clean(back)
