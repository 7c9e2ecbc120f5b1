"""What every ledger promises, held to by the one in DynamoDB and by the one in memory that other tests use."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

import pytest

from reaper.core.memory import Memory, Unreadable
from reaper.core.outcome import Outcome
from reaper.core.records import SweepRecord
from reaper.core.session import SessionRef
from reaper.ledger.dynamodb import DynamoDbLedger
from reaper.ledger.names import partition_key, sweep_key
from reaper.sweep.ports import Ledger, LedgerError
from tests.support.ledgers import FULL_MEMORY, FULL_SWEEP, T0, MemoryLedger, memory, ref
from tests.support.tables import make_table

NEWER = "a newer release wrote it"


@dataclass(frozen=True)
class Shelf:
    """A ledger, and ways to spoil what it keeps behind its back."""

    ledger: Ledger
    make_newer: Callable[[SessionRef], None]
    garble: Callable[[SessionRef], None]
    make_sweep_newer: Callable[[SweepRecord], None]


def in_memory(_request: pytest.FixtureRequest) -> Shelf:
    ledger = MemoryLedger()
    return Shelf(
        ledger,
        lambda spoilt: ledger.spoil(spoilt, NEWER),
        lambda spoilt: ledger.spoil(spoilt, "held_since is missing"),
        ledger.spoil_sweep,
    )


def in_dynamodb(request: pytest.FixtureRequest) -> Shelf:
    client: Any = request.getfixturevalue("dynamodb")
    table = make_table(client)

    def update(partition: str, sort: str, expression: str, **values: Any) -> None:
        client.update_item(
            TableName=table,
            Key={"pk": {"S": partition}, "sk": {"S": sort}},
            UpdateExpression=expression,
            **(
                {"ExpressionAttributeValues": values["new"], "ExpressionAttributeNames": values["of"]} if values else {}
            ),
        )

    newer = {"new": {":new": {"N": "2"}}, "of": {"#schema": "schema"}}
    return Shelf(
        DynamoDbLedger(client, table, "us-east-1", sleep=lambda _: None),
        lambda spoilt: update(partition_key(spoilt), "memory", "SET #schema = :new", **newer),
        lambda spoilt: update(partition_key(spoilt), "memory", "REMOVE held_since"),
        lambda spoilt: update("sweep", sweep_key(spoilt.started_at, spoilt.run_id), "SET #schema = :new", **newer),
    )


@pytest.fixture(params=[in_memory, in_dynamodb], ids=["memory", "dynamodb"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    return request.param(request)


@pytest.fixture
def ledger(shelf: Shelf) -> Ledger:
    return shelf.ledger


def written(ledger: Ledger, *memories: Memory) -> list[Memory]:
    assert ledger.write(memories) == frozenset()
    return [replace(one, version=one.version + 1) for one in memories]


@pytest.mark.parametrize("full", [FULL_MEMORY, FULL_SWEEP], ids=["memory", "sweep"])
def test_the_full_examples_leave_no_field_at_its_default(full):
    required = {field.name for field in fields(full) if field.default is MISSING and field.default_factory is MISSING}
    bare = type(full)(**{name: getattr(full, name) for name in required})

    unused = {field.name for field in fields(full) if getattr(full, field.name) == getattr(bare, field.name)}
    assert unused - required == {"version"}


def test_a_session_never_written_is_missing(ledger):
    assert ledger.recall([ref()]) == {}


def test_a_memory_is_recalled_in_every_field_at_its_next_version(ledger):
    ledger.write([FULL_MEMORY])

    assert ledger.recall([FULL_MEMORY.ref]) == {FULL_MEMORY.ref: replace(FULL_MEMORY, version=1)}


def test_a_memory_without_any_optional_field_is_recalled_so(ledger):
    bare = replace(memory(), policy=None, outcome=Outcome.UNDETERMINED)
    ledger.write([bare])

    assert ledger.recall([bare.ref]) == {bare.ref: replace(bare, version=1)}


@pytest.mark.parametrize("sweep", [FULL_SWEEP, SweepRecord(run_id="run-1", started_at=T0)], ids=["full", "bare"])
def test_a_sweep_is_told_in_every_field_at_its_next_version(ledger, sweep):
    ledger.write([], sweep)

    assert ledger.sweeps() == (replace(sweep, version=1),)


def test_there_are_no_sweeps_at_first(ledger):
    assert ledger.sweeps() == ()


def test_sweeps_come_newest_first_and_no_more_than_asked_for(ledger):
    for run, started in [("b", T0 + 0.5), ("d", T0 + 3600), ("a", T0), ("c", T0 + 59.25)]:
        ledger.write([], SweepRecord(run_id=run, started_at=started))

    assert [sweep.run_id for sweep in ledger.sweeps()] == ["d", "c", "b", "a"]
    assert [sweep.run_id for sweep in ledger.sweeps(limit=2)] == ["d", "c"]
    assert ledger.sweeps(limit=0) == ()


def test_a_memory_read_is_replaced_whole(ledger):
    [first] = written(ledger, FULL_MEMORY)
    woken = replace(first, claim=None, snooze=None, promise=None, outcome=Outcome.SPARED)

    assert ledger.write([woken]) == frozenset()
    assert ledger.recall([woken.ref]) == {woken.ref: replace(woken, version=2)}


def test_a_memory_that_somebody_wrote_since_it_was_read_is_lost_and_left_as_they_wrote_it(ledger):
    [read] = written(ledger, memory())
    [theirs] = written(ledger, replace(read, outcome=Outcome.SNOOZED))

    assert ledger.write([replace(read, outcome=Outcome.STOPPED)]) == {read.ref}
    assert ledger.recall([read.ref]) == {read.ref: theirs}


def test_a_first_memory_of_a_session_known_already_is_lost(ledger):
    [kept] = written(ledger, memory(idle_cost=1.5))

    assert ledger.write([memory(idle_cost=9.0)]) == {kept.ref}
    assert ledger.recall([kept.ref]) == {kept.ref: kept}


def test_a_memory_of_a_version_that_was_never_kept_is_lost(ledger):
    assert ledger.write([memory(version=3)]) == {ref()}
    assert ledger.recall([ref()]) == {}


def test_an_event_delivered_twice_writes_once(ledger):
    batch = [memory("a"), memory("b")]

    assert ledger.write(batch) == frozenset()
    assert ledger.write(batch) == {ref("a"), ref("b")}
    assert {one.version for one in ledger.recall([ref("a"), ref("b")]).values()} == {1}


def test_lost_memories_keep_neither_the_others_nor_the_sweep_from_being_written(ledger):
    written(ledger, memory("b"), memory("d"))
    sweep = SweepRecord(run_id="run-1", started_at=T0)

    lost = ledger.write([memory(name) for name in "abcde"], sweep)

    assert lost == {ref("b"), ref("d")}
    assert set(ledger.recall([ref(name) for name in "ace"])) == {ref("a"), ref("c"), ref("e")}
    assert ledger.sweeps() == (replace(sweep, version=1),)


def test_a_sweep_is_written_over_at_the_version_it_is_kept_at(ledger):
    begun = SweepRecord(run_id="run-1", started_at=T0)
    ledger.write([], begun)
    ledger.write([], replace(begun, version=1, finished_at=T0 + 9))

    assert ledger.sweeps() == (replace(begun, version=2, finished_at=T0 + 9),)


def test_a_sweep_somebody_else_wrote_is_left_alone_and_the_memories_beside_it_are_written(ledger):
    theirs = SweepRecord(run_id="run-1", started_at=T0, mode="enforce")
    ledger.write([], theirs)

    assert ledger.write([memory()], replace(theirs, mode="report")) == frozenset()
    assert ledger.sweeps() == (replace(theirs, version=1),)
    assert ledger.recall([ref()]) == {ref(): memory(version=1)}


def test_hundreds_are_written_and_recalled(ledger):
    many = written(ledger, *(memory(f"s{number}", idle_cost=number / 4) for number in range(250)))

    assert ledger.recall([one.ref for one in many]) == {one.ref: one for one in many}


def test_of_two_sweeps_that_overlap_each_memory_is_written_by_one(ledger):
    names = [f"s{number}" for number in range(150)]
    ours = [memory(name, idle_cost=1.0) for name in names]
    theirs = [memory(name, idle_cost=2.0) for name in reversed(names)]

    with ThreadPoolExecutor(2) as pool:
        lost_by_us, lost_by_them = pool.map(ledger.write, [ours, theirs])

    assert lost_by_us | lost_by_them == {ref(name) for name in names}
    assert not lost_by_us & lost_by_them
    kept = ledger.recall([ref(name) for name in names])
    assert {one.ref for one in kept.values() if one.idle_cost == 2.0} == lost_by_us


def test_a_session_asked_for_twice_is_recalled_once(ledger):
    [kept] = written(ledger, memory())

    assert ledger.recall([ref(), ref()]) == {ref(): kept}


def test_two_memories_of_one_session_are_refused_before_anything_is_written(ledger):
    with pytest.raises(LedgerError, match="two things of one session"):
        ledger.write([memory("a"), memory("b"), memory("a")])

    assert ledger.recall([ref("a"), ref("b")]) == {}


def test_nothing_to_write_and_nothing_to_recall_is_no_error(ledger):
    assert ledger.write([]) == frozenset()
    assert ledger.recall([]) == {}


def test_names_that_differ_in_their_separators_alone_are_different_sessions(ledger):
    here = ("athena", "123456789012", "eu-central-1")
    alike = [
        SessionRef(*here, (), "a/b"),
        SessionRef(*here, (), "a%2Fb"),
        SessionRef(*here, (), "a b"),
        SessionRef(*here, (("workgroup", "a"),), "b"),
        SessionRef(*here, (("workgroup", "a"), ("queue", "c")), "b"),
        SessionRef(*here, (("workgroup", "a/queue=c"),), "b"),
        SessionRef(*here, (), "workgroup=a/b"),
        SessionRef(*here, (), "Ünïcödé " * 40),
        SessionRef(*here, (), "漢" * 1000 + "a"),
        SessionRef(*here, (), "漢" * 1000 + "b"),
    ]
    kept = written(ledger, *(replace(memory(), ref=one, idle_cost=n) for n, one in enumerate(alike)))

    assert ledger.recall(alike) == {one.ref: one for one in kept}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(lambda shelf: shelf.make_newer, NEWER), (lambda shelf: shelf.garble, "held_since is missing")],
    ids=["newer", "garbled"],
)
def test_what_cannot_be_read_is_said_to_be_so_and_is_never_written_over(shelf, spoil, reason):
    written(shelf.ledger, memory("spoilt"), memory("sound"))
    spoil(shelf)(ref("spoilt"))

    found = shelf.ledger.recall([ref("spoilt"), ref("sound")])
    assert found[ref("sound")] == memory("sound", version=1)
    assert isinstance(found[ref("spoilt")], Unreadable)
    assert reason in found[ref("spoilt")].reason

    assert shelf.ledger.write([memory("spoilt")]) == {ref("spoilt")}
    assert isinstance(shelf.ledger.recall([ref("spoilt")])[ref("spoilt")], Unreadable)


def test_a_sweep_that_cannot_be_read_is_trouble_and_not_left_out(shelf):
    old, new = (SweepRecord(run_id=run, started_at=started) for run, started in [("old", T0), ("new", T0 + 60)])
    for sweep in (old, new):
        shelf.ledger.write([], sweep)
    shelf.make_sweep_newer(new)

    with pytest.raises(LedgerError, match="cannot be read"):
        shelf.ledger.sweeps()
