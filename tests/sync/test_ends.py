"""Both copies know when a kernel run ended, whatever of it had come before."""

from __future__ import annotations

from ensession.model.parcels import RunEnd
from ensession.store import Store
from tests.sync.kit import Work
from tests.sync.test_transfer import send


def test_a_run_that_ended_meanwhile_has_ended_in_both(laptop: Store, server: Store) -> None:
    work = Work(laptop)
    work.cell()
    send(laptop, server)
    work.cell()
    laptop.log.end_run(work.run)
    send(laptop, server)
    assert [run.ended_at for run in server.history.runs()] == [run.ended_at for run in laptop.history.runs()]


def test_a_run_that_ended_behind_its_last_cell_has_ended_in_both(laptop: Store, server: Store) -> None:
    work, other = Work(laptop), Work(laptop, seed=1)
    work.cell()
    other.cell()
    send(laptop, server)
    laptop.log.end_run(work.run)
    send(laptop, server)
    assert [run.ended_at for run in server.history.runs()] == [run.ended_at for run in laptop.history.runs()]
    assert [run.ended_at is None for run in server.history.runs()] == [False, True]
    send(server, laptop)
    assert laptop.history.runs()[1].ended_at is None


def test_an_end_that_makes_no_sense_is_no_end(laptop: Store, server: Store) -> None:
    work = Work(laptop)
    work.cell()
    send(laptop, server)
    (run,) = laptop.history.runs()
    nonsense = [RunEnd(run.uid, float("nan")), RunEnd(run.uid, float("inf")), RunEnd("nobody", 1.0)]
    assert server.importer.add_run_ends(nonsense) == 0
    assert [run.ended_at for run in server.history.runs()] == [None]
    laptop.log.end_run(work.run)
    assert server.importer.add_run_ends(laptop.exporter.run_ends([run.uid])) == 1
    assert server.importer.add_run_ends([RunEnd(run.uid, 1.0)]) == 0
    assert server.history.runs()[0].ended_at == laptop.history.runs()[0].ended_at
