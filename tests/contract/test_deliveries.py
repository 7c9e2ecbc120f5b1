"""Marks of deliveries on the embedded cloud's DynamoDB."""

from __future__ import annotations

import pytest

from reaper.ledger.deliveries import DynamoDbDeliveries
from reaper.sweep.ports import LedgerError
from tests.support.tables import make_table

NOW = 1_772_359_200.5
ID = "95df01b4-ee98-5cb9-9903-4c221d41eb5e"


@pytest.fixture(scope="module")
def table(dynamodb):
    return make_table(dynamodb)


def deliveries(dynamodb, table, medium="slack"):
    return DynamoDbDeliveries(dynamodb, table, "us-east-1", medium, clock=lambda: NOW)


def test_a_message_is_delivered_once_its_mark_is_there_and_only_in_that_medium(dynamodb, table):
    one = deliveries(dynamodb, table)

    assert one.is_marked(ID) is False
    assert one.mark(ID) is True
    assert one.is_marked(ID) is True
    assert deliveries(dynamodb, table, "pager").is_marked(ID) is False
    assert one.is_marked("another") is False


def test_of_two_who_mark_the_same_message_the_second_is_told_so(dynamodb, table):
    one = deliveries(dynamodb, table)
    assert one.mark("twice") is True

    assert one.mark("twice") is False


def test_a_mark_is_an_item_that_the_table_throws_away_after_two_days(dynamodb, table):
    deliveries(dynamodb, table).mark("kept")

    key = {"pk": {"S": "delivered/kept"}, "sk": {"S": "slack"}}
    assert dynamodb.get_item(TableName=table, Key=key)["Item"] == {
        **key,
        "schema": {"N": "1"},
        "at": {"N": "1772359200.5"},
        "expires": {"N": "1772532001"},
    }


def test_an_id_that_is_none_of_sns_cannot_leave_its_place_nor_be_too_long(dynamodb, table):
    one = deliveries(dynamodb, table)
    for strange in ("../session/x", "x" * 5000, ""):
        assert one.is_marked(strange) is False
        one.mark(strange)
        assert one.is_marked(strange) is True

    kept = [item["pk"]["S"] for item in dynamodb.scan(TableName=table)["Items"]]
    assert all(key.startswith("delivered/") and len(key) < 120 for key in kept)


def test_a_table_that_cannot_be_read_is_no_message_that_was_not_delivered(dynamodb):
    one = deliveries(dynamodb, "nowhere")

    with pytest.raises(LedgerError, match="no such table"):
        one.is_marked(ID)
    with pytest.raises(LedgerError, match="no such table"):
        one.mark(ID)
