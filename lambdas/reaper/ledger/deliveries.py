"""Which SNS messages have been delivered already: SNS may deliver each more than once, and people want to read it once."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from reaper.core.memory import MEMORY_VERSION
from reaper.ledger.attributes import Item, number, text
from reaper.ledger.errors import Place
from reaper.ledger.items import EXPIRES
from reaper.ledger.names import PARTITION_KEY, SORT_KEY

DELIVERED: Final = "delivered/"
"""What the partition key of every mark begins with; the message's id follows, and the sort key is the medium."""
KEPT_SECONDS: Final = 2 * 86_400
"""How long a mark is kept: twice as long as SNS tries to deliver to a function (its developer guide, "Delivery retries")."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9-]{1,100}")


class DeliveriesClient(Protocol):
    """What is used of botocore's client of DynamoDB."""

    def get_item(self, **request: Any) -> Mapping[str, Any]:
        """The service's GetItem."""
        ...

    def put_item(self, **request: Any) -> Mapping[str, Any]:
        """The service's PutItem."""
        ...


class DynamoDbDeliveries:
    """Keeps the marks of one ``medium`` in the ledger's table, two days each."""

    def __init__(
        self,
        client: DeliveriesClient,
        table: str,
        region: str,
        medium: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``client`` has to be of ``region``; ``clock`` gives epoch seconds."""
        self._client = client
        self._table = table
        self._place = Place(table, region)
        self._medium = medium
        self._clock = clock

    def is_marked(self, message_id: str) -> bool:
        """True when the message was delivered; raises LedgerError unless that could be read."""
        key = self._key(message_id)
        try:
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        # Botocore has no common class for what it raises: an answer it cannot parse is a plain Exception.
        except Exception as error:
            raise self._place.explain(error, "GetItem") from error
        # An expired item stays for days until DynamoDB finds the time to delete it; a message is not that old.
        return bool(answer.get("Item"))

    def mark(self, message_id: str) -> bool:
        """Remember that the message was delivered; False when somebody else has remembered it meanwhile.

        Raises:
            LedgerError: it is not known whether the mark was written.
        """
        now = self._clock()
        item: Item = {
            **self._key(message_id),
            "schema": number(MEMORY_VERSION),
            "at": number(now),
            EXPIRES: number(math.ceil(now) + KEPT_SECONDS),
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(#pk)",
                ExpressionAttributeNames={"#pk": PARTITION_KEY},
            )
        except Exception as error:
            if isinstance(error, ClientError) and _lost(error):
                return False
            raise self._place.explain(error, "PutItem") from error
        return True

    def _key(self, message_id: str) -> Item:
        named = message_id if _PLAIN.fullmatch(message_id) else hashlib.sha256(message_id.encode()).hexdigest()
        return {PARTITION_KEY: text(f"{DELIVERED}{named}"), SORT_KEY: text(self._medium)}


def _lost(error: ClientError) -> bool:
    answer: Any = error.response
    return answer.get("Error", {}).get("Code") == "ConditionalCheckFailedException"
