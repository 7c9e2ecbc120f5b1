"""What the table keeps for people: held to by the one in DynamoDB and by the one in memory that other tests use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from reaper.core.memory import Memory, Snooze, Unreadable
from reaper.ledger.bookkeeping import DynamoDbBookkeeping
from reaper.ledger.dynamodb import DynamoDbLedger
from reaper.ledger.names import partition_key
from reaper.sweep.ports import Bookkeeping, Ledger, LedgerError
from tests.support.ledgers import FRAME, FULL_MEMORY, FULL_SWEEP, T0, MemoryLedger, memory, ref
from tests.support.tables import make_table


class Shelf(NamedTuple):
    ledger: Ledger
    books: Bookkeeping


@pytest.fixture(params=["memory", "dynamodb"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    if request.param == "memory":
        both = MemoryLedger()
        return Shelf(both, both)
    client: Any = request.getfixturevalue("dynamodb")
    table = make_table(client)
    return Shelf(
        DynamoDbLedger(client, table, "us-east-1", sleep=lambda _: None),
        DynamoDbBookkeeping(client, table, "us-east-1", clock=lambda: T0),
    )


def test_every_session_that_was_ever_snoozed_is_listed_and_no_other(shelf):
    over = replace(memory("over"), snooze=Snooze(until=T0 - 60, by="bob", at=T0 - 3600, times=3))
    shelf.ledger.write([FULL_MEMORY, over, memory("never")], FULL_SWEEP)

    found = {one.ref: one for one in shelf.books.snoozes()}

    assert found == {FRAME: replace(FULL_MEMORY, version=1), over.ref: replace(over, version=1)}


def test_nobody_is_snoozed_in_an_empty_ledger(shelf):
    assert shelf.books.snoozes() == ()


def test_what_an_audience_was_told_last_is_kept_for_each_of_them(shelf):
    assert shelf.books.prints() == {}
    shelf.books.keep_prints({"platform": "one", "slack:#data": "two"})
    shelf.books.keep_prints({"platform": "three"})
    shelf.books.keep_prints({})

    assert shelf.books.prints() == {"platform": "three", "slack:#data": "two"}


def test_more_sessions_than_fit_a_page_are_all_listed(dynamodb):
    table = make_table(dynamodb)
    ledger = DynamoDbLedger(dynamodb, table, "us-east-1", sleep=lambda _: None)
    snooze = Snooze(until=T0, by="b" * 300_000, at=T0, times=1)
    ledger.write([replace(memory(f"s{number}"), snooze=snooze) for number in range(5)])

    found = DynamoDbBookkeeping(dynamodb, table, "us-east-1").snoozes()

    assert {one.ref.id for one in found} == {"s0", "s1", "s2", "s3", "s4"}


def test_what_cannot_be_understood_is_listed_as_such(dynamodb):
    table = make_table(dynamodb)
    ledger = DynamoDbLedger(dynamodb, table, "us-east-1", sleep=lambda _: None)
    snooze = Snooze(until=T0, by="ana", at=T0, times=1)
    ledger.write([replace(memory("s1"), snooze=snooze), replace(memory("s2"), snooze=snooze)])
    dynamodb.update_item(
        TableName=table,
        Key={"pk": {"S": partition_key(ref("s1"))}, "sk": {"S": "memory"}},
        UpdateExpression="REMOVE held_since",
    )

    found = {one.ref.id: one for one in DynamoDbBookkeeping(dynamodb, table, "us-east-1").snoozes()}

    assert isinstance(found["s1"], Unreadable)
    assert "held_since is missing" in found["s1"].reason
    assert isinstance(found["s2"], Memory)


def test_a_table_that_is_not_there_is_said_to_be_so(dynamodb):
    books = DynamoDbBookkeeping(dynamodb, "no-such-table", "us-east-1")

    for ask in (books.snoozes, books.prints, lambda: books.keep_prints({"platform": "one"})):
        with pytest.raises(LedgerError, match="no-such-table"):
            ask()
