"""What else the table keeps, for people: which sessions are snoozed, and what each audience was told last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol, cast

from reaper.core.memory import Memory, Unreadable
from reaper.ledger.attributes import Fields, GarbledItemError, number, text
from reaper.ledger.errors import Place
from reaper.ledger.items import EXPIRES, NewerItemError, memory_of, ref_of
from reaper.ledger.names import MEMORY, PARTITION_KEY, SORT_KEY, TOLD

_DAYS: Final = 90
"""How long an audience's fingerprint is kept: whoever heard nothing for so long may hear the same again."""
_DAY: Final = 86400


class BookkeepingClient(Protocol):
    """What is used of botocore's client of DynamoDB."""

    def query(self, **request: Any) -> Mapping[str, Any]:
        """The service's Query."""
        ...

    def scan(self, **request: Any) -> Mapping[str, Any]:
        """The service's Scan."""
        ...

    def put_item(self, **request: Any) -> Mapping[str, Any]:
        """The service's PutItem."""
        ...


class DynamoDbBookkeeping:
    """Keeps them in the ledger's table, as :class:`reaper.sweep.ports.Bookkeeping` promises."""

    def __init__(
        self, client: BookkeepingClient, table: str, region: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        """``client`` has to be of ``region``; ``clock`` gives epoch seconds, from which items expire."""
        self._client = client
        self._table = table
        self._place = Place(table, region)
        self._clock = clock

    def snoozes(self) -> tuple[Memory | Unreadable, ...]:
        """Every session with a snooze on record; raises LedgerError unless all of the table could be read."""
        return self.remembered(snoozed_only=True)

    def remembered(self, *, snoozed_only: bool = False) -> tuple[Memory | Unreadable, ...]:
        """Every session in the table, or those with a snooze; raises LedgerError unless all of it could be read."""
        condition = "#sk = :memory" + (" AND attribute_exists(#snooze)" if snoozed_only else "")
        names = {"#sk": SORT_KEY, **({"#snooze": "snooze"} if snoozed_only else {})}
        items = self._pages(
            "Scan",
            self._client.scan,
            FilterExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":memory": {"S": MEMORY}},
        )
        return tuple(_memory(item, self._place) for item in items)

    def prints(self) -> Mapping[str, str]:
        """What each audience was told last; raises LedgerError."""
        items = self._pages(
            "Query",
            self._client.query,
            KeyConditionExpression="#pk = :told",
            ExpressionAttributeNames={"#pk": PARTITION_KEY},
            ExpressionAttributeValues={":told": {"S": TOLD}},
            ConsistentRead=True,
        )
        found: dict[str, str] = {}
        for item in items:
            fields = Fields(item)
            try:
                found[fields.text(SORT_KEY)] = fields.text("print")
            except GarbledItemError:
                continue  # its audience is told once more, which is the lesser evil
        return found

    def keep_prints(self, prints: Mapping[str, str]) -> None:
        """Remember what these audiences were told; raises LedgerError. One request for each: few are told at once."""
        for audience, told in prints.items():
            item = {
                PARTITION_KEY: text(TOLD),
                SORT_KEY: text(audience),
                "print": text(told),
                EXPIRES: number(int(self._clock()) + _DAYS * _DAY),
            }
            try:
                self._client.put_item(TableName=self._table, Item=item)
            # Whatever a call raises, be it botocore stumbling over an answer, is a call that failed.
            except Exception as error:
                raise self._place.explain(error, "PutItem") from error

    def _pages(
        self, operation: str, method: Callable[..., Mapping[str, Any]], **request: Any
    ) -> Iterator[Mapping[str, object]]:
        start: dict[str, Any] = {}
        while True:
            try:
                answer = method(TableName=self._table, **request, **start)
            except Exception as error:
                raise self._place.explain(error, operation) from error
            items = answer.get("Items")
            if not isinstance(items, list):
                raise self._place.garbled(operation, "no list of items")
            yield from cast("list[Mapping[str, object]]", items)
            if not answer.get("LastEvaluatedKey"):
                return
            following = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
            if following == start:
                raise self._place.garbled(operation, "the same page twice")
            start = following


def _memory(item: Mapping[str, object], place: Place) -> Memory | Unreadable:
    try:
        ref = ref_of(item)
    except GarbledItemError as error:
        raise place.garbled("Scan", f"an item that names no session: {error}") from error
    try:
        return memory_of(item, ref)
    except NewerItemError as error:
        return Unreadable(ref, f"what the ledger knows of it cannot be read: {error}")
    except GarbledItemError as error:
        return Unreadable(ref, f"what the ledger knows of it is garbled: {error}")
