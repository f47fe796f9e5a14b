"""What one copy has comes to the other, once, whole, and checked."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ensession.config import Config
from ensession.digests import source_digest, word_digest
from ensession.errors import IncompleteTransferError, IntegrityError, NotFoundError
from ensession.model import ExecutionId, ModuleSource, Word
from ensession.model.parcels import ChunkParcel, ExecutionParcel, PayloadParcel, RefParcel
from ensession.model.upkeep import Erasure
from ensession.store import Exporter, Importer, Store
from ensession.sync import require_complete, transfer
from tests.sync.kit import Work, assert_sound, content


def send(source: Store, target: Store) -> Any:
    return transfer(source.exporter, target.importer)


def bring_together(one: Store, other: Store) -> None:
    send(one, other)
    send(other, one)


def test_everything_comes_and_nothing_comes_twice(laptop: Store, server: Store) -> None:
    work = Work(laptop)
    for _ in range(20):
        work.cell(5_000, buffer=random.Random(1).randbytes(700_000))
    first = send(laptop, server)
    assert (first.n_executions, first.n_payloads) == (20, 20)
    assert content(server) == content(laptop)
    assert_sound([laptop, server])
    again = send(laptop, server)
    assert (again.n_executions, again.n_payloads, again.n_chunks, again.n_bytes) == (0, 0, 0, 0)


def test_what_is_forgotten_meanwhile_does_not_come_in(laptop: Store, server: Store) -> None:
    work = Work(laptop)
    for _ in range(2):
        work.cell(9_000)
    send(laptop, server)
    importer = server.importer  # one for all of a pull: it knows numbers from before
    first, second = (server.history.graph(ExecutionId(2)).executions[number].produces[0] for number in (0, 1))
    keys, _ = laptop.exporter.payload_keys(0, 10)
    parcels = [laptop.exporter.payload(key) for key in keys]
    server.keeper.drop_payloads([first, second], server.keeper.mark())
    assert importer.missing_payloads(keys) == list(keys)
    with Store.open(server.path, Config()) as other:
        other.eraser.erase(Erasure(values=frozenset([first])), lambda *_: None)
    for parcel in parcels:
        with pytest.raises(NotFoundError):
            importer.add_payload(parcel)
    assert importer.missing_payloads(keys) == []
    assert_sound([laptop, server])
    renewed = [one.digest for one in map(server.history.execution, (ExecutionId(1), ExecutionId(2)))]
    wanted = [replace(key, execution=digest) for key, digest in zip(keys, renewed, strict=True)]
    assert server.importer.missing_payloads(wanted) == wanted[1:]


def test_words_and_modules_travel_with_an_execution(laptop: Store, server: Store) -> None:
    source = b"def double(x): return 2 * x\n"
    module = ModuleSource("helpers", "/home/user/helpers.py", source_digest(source), source)
    made = Work(laptop).cell(modules=(module,), caution="it wrote a.csv", words=(Word.ALWAYS,))
    laptop.words.give([made.id], Word.ALLOW)
    send(laptop, server)
    (node,) = server.history.graph(ExecutionId(1)).executions
    assert (node.caution, node.words) == ("it wrote a.csv", {Word.ALWAYS, Word.ALLOW})
    assert server.seals.get(word_digest(made.digest, Word.ALWAYS), b"k" * 16) == b"m" * 32
    assert server.modules.source(server.modules.of_line(node.id)["helpers"].digest) == source
    assert_sound([laptop, server])


def test_a_small_change_moves_little(laptop: Store, server: Store) -> None:
    work, large = Work(laptop), bytearray(random.Random(2).randbytes(8 * 2**20))
    work.cell(buffer=bytes(large))
    whole = send(laptop, server)
    large[5_000_000] ^= 1
    work.cell(buffer=bytes(large))
    change = send(laptop, server)
    assert change.n_bytes < whole.n_bytes / 20
    assert content(server) == content(laptop)


def test_histories_that_went_apart_stay_side_by_side(laptop: Store, server: Store) -> None:
    Work(laptop).cell()
    send(laptop, server)
    at_home, away = Work(laptop, seed=1), Work(server, seed=2)
    for _ in range(3):
        at_home.cell()
        away.cell()
    bring_together(laptop, server)
    assert content(laptop) == content(server)
    assert len(laptop.history.heads()) == len(server.history.heads()) == 2
    assert_sound([laptop, server])


def test_states_are_the_same_under_other_numbers(laptop: Store, server: Store) -> None:
    Work(server, seed=9).cell()
    work = Work(laptop)
    for _ in range(5):
        work.cell()
    send(laptop, server)
    number = next(e.id for e in server.history.executions() if e.digest == laptop.history.execution(5).digest)
    assert number != 5

    def named(store: Store, id_: int) -> dict[str, Any]:
        state = store.history.state(id_)
        return {name: (store.history.version_digest(b.version.id), b.summary) for name, b in state.items()}

    assert named(server, number) == named(laptop, 5)
    assert [v.requires != () for v in server.history.graph(number).versions.values()].count(True) > 0


@pytest.mark.parametrize("seed", range(12))
def test_any_two_copies_come_together(seed: int, laptop: Store, server: Store) -> None:
    random_ = random.Random(seed)
    workers = [Work(laptop, seed=10 * seed), Work(server, seed=10 * seed + 1)]
    for _ in range(random_.randint(2, 15)):
        worker = random_.choice(workers)
        numbers = [e.id for e in worker.store.history.executions()]
        worker.head = random_.choice([*numbers, None])
        worker.cell(random_.choice([10, 3_000]))
        if random_.random() < 0.3:
            pair = [laptop, server]
            random_.shuffle(pair)
            send(*pair)
    bring_together(laptop, server)
    assert content(laptop) == content(server)
    assert_sound([laptop, server])
    assert send(laptop, server).n_executions == send(server, laptop).n_executions == 0


class Stopped(Exception):
    """The line went dead."""


class Fragile:
    """A store that hears no more after some calls."""

    def __init__(self, importer: Importer, calls: int) -> None:
        self._importer = importer
        self._calls = calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self._calls -= 1
            if self._calls < 0:
                raise Stopped
            return getattr(self._importer, name)(*arguments)

        return call


def test_a_transfer_that_stops_anywhere_is_sound_and_goes_on_where_it_was(laptop: Store, server: Store) -> None:
    work = Work(laptop)
    for number in range(6):
        work.cell(2_000, buffer=random.Random(number).randbytes(900_000))
    n_stops = 0
    while True:
        try:
            transfer(laptop.exporter, Fragile(server.importer, 3 + n_stops % 4))  # type: ignore[arg-type]
            break
        except Stopped:
            n_stops += 1
            assert_sound([server])
            assert n_stops < 100
    assert n_stops > 3
    assert content(server) == content(laptop)


class Told(Exporter):
    """A store whose parcels somebody changed on the way."""

    change: Callable[[Any], Any] = staticmethod(lambda parcel: parcel)

    def executions(self, digests: Sequence[Any]) -> list[ExecutionParcel]:
        return [self.change(parcel) for parcel in super().executions(digests)]

    def payload(self, key: Any) -> PayloadParcel:
        return self.change(super().payload(key))

    def chunks(self, addresses: Any) -> list[ChunkParcel]:
        return [self.change(parcel) for parcel in super().chunks(addresses)]

    def refs(self) -> list[RefParcel]:
        return [self.change(parcel) for parcel in super().refs()]


def _other_code(parcel: ExecutionParcel) -> ExecutionParcel:
    return replace(parcel, draft=replace(parcel.draft, code="import os; os.system('…')"))


def _other_time(parcel: ExecutionParcel) -> ExecutionParcel:
    return replace(parcel, draft=replace(parcel.draft, runtime_s=0.0))


def _no_reads(parcel: ExecutionParcel) -> ExecutionParcel:
    return replace(parcel, reads=parcel.reads[1:], requires=())


def _another_parent(parcel: ExecutionParcel) -> ExecutionParcel:
    return replace(parcel, parent=b"?" * 32)


def _other_output(parcel: ExecutionParcel) -> ExecutionParcel:
    return replace(parcel, outputs=parcel.outputs[:1])


def _long_claim(parcel: ExecutionParcel) -> ExecutionParcel:
    return replace(parcel, outputs=(replace(parcel.outputs[0], n_bytes=2**40),))


def _other_chunks(parcel: PayloadParcel) -> PayloadParcel:
    part = parcel.parts[0]
    return replace(parcel, parts=(replace(part, addresses=part.addresses[::-1]), *parcel.parts[1:]))


def _odd_addresses(parcel: PayloadParcel) -> PayloadParcel:
    return replace(parcel, parts=(replace(parcel.parts[0], addresses=b"short"),))


def _other_bytes(parcel: ChunkParcel) -> ChunkParcel:
    return replace(parcel, encoding="raw", data=b"\0" * parcel.n_bytes)


def _long_chunk(parcel: ChunkParcel) -> ChunkParcel:
    return replace(parcel, n_bytes=2**40)


def _strange_name(parcel: RefParcel) -> RefParcel:
    return replace(parcel, name="../\x1b[2J")


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        *((ExecutionParcel, change) for change in (_other_code, _other_time, _no_reads, _another_parent)),
        *((ExecutionParcel, change) for change in (_other_output, _long_claim)),
        *((PayloadParcel, change) for change in (_other_chunks, _odd_addresses)),
        *((ChunkParcel, change) for change in (_other_bytes, _long_chunk)),
        (RefParcel, _strange_name),
    ],
)
def test_nothing_that_comes_is_believed(kind: type, change: Callable[[Any], Any], laptop: Store, server: Store) -> None:
    work = Work(laptop)
    for _ in range(2):
        work.cell(4_000)
    source = Told(laptop._database)
    source.change = lambda parcel: change(parcel) if isinstance(parcel, kind) else parcel  # type: ignore[method-assign]
    with pytest.raises((IntegrityError, IncompleteTransferError)):
        require_complete(transfer(source, server.importer))
    assert_sound([server])
    send(laptop, server)
    assert content(server) == content(laptop)


def test_a_tag_that_means_two_states_is_kept_under_two_names(laptop: Store, server: Store) -> None:
    work = Work(laptop)
    work.cell()
    work.cell()
    send(laptop, server)
    laptop.refs.add_tag("good", 1)
    server.refs.add_tag("good", 2)
    brought = send(laptop, server).refs
    second = brought.disputed["good"]
    assert (server.refs.resolve("good"), server.refs.resolve(second)) == (2, 1)
    assert send(laptop, server).refs.disputed == {"good": second}  # said again, made once
    assert len(server.refs.tags()) == 2


def test_a_branch_moves_on_where_it_only_went_on(laptop: Store, server: Store) -> None:
    work = Work(laptop)
    work.cell()
    send(laptop, server)
    work.cell()
    assert send(laptop, server).refs.moved == ("main",)
    assert server.history.execution(server.refs.resolve("main")).digest == laptop.history.execution(2).digest
    assert send(server, laptop).refs.moved == ()


def test_a_branch_that_went_two_ways_is_two_branches(laptop: Store, server: Store) -> None:
    Work(laptop).cell()
    send(laptop, server)
    Work(laptop, seed=1).cell()
    Work(server, seed=2).cell()
    bring_together(laptop, server)
    for store in (laptop, server):
        branches = {ref.name: ref.execution for ref in store.refs.branches()}
        assert len(branches) >= 2
        assert set(store.history.heads()) <= set(branches.values())


class BusySource:
    """A source at which a kernel records a cell after its executions were read, and before its branches are."""

    def __init__(self, source: Any, record: Callable[[], object]) -> None:
        self._source = source
        self._record = record

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def refs(self) -> list[RefParcel]:
        self._record()
        found: list[RefParcel] = self._source.refs()
        return found


def test_a_cell_that_is_recorded_meanwhile_comes_along(laptop: Store, server: Store) -> None:
    work = Work(laptop)
    work.cell(1_000)
    busy: Any = BusySource(laptop.exporter, lambda: work.cell(1_000))
    assert transfer(busy, server.importer).n_executions == 2
    assert [ref.execution for ref in server.refs.branches()] == [2]
    send(laptop, server)
    assert content(server) == content(laptop)
    assert_sound([laptop, server])
