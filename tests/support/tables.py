"""Tables for a ledger, and a wire to DynamoDB that answers as it is told."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse

from reaper.ledger.dynamodb import DynamoDbLedger


def make_table(client: Any) -> str:
    """The name of a new table with the keys of a ledger."""
    name = f"ledger-{uuid.uuid4()}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


class _Body(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def answer(document: object, status: int = 200) -> Callable[[Any], AWSResponse]:
    """What DynamoDB answers: ``document`` as JSON, or as it is if it is bytes."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    headers: Any = {"Content-Type": "application/x-amz-json-1.0", "Content-Length": str(len(body))}
    return lambda request: AWSResponse(request.url, status, headers, _Body(body))


def refusal(code: str, status: int = 400, message: str = "", **members: Any) -> Callable[[Any], AWSResponse]:
    """An error as DynamoDB words it."""
    return answer({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **members}, status)


def silence(error: Exception) -> Callable[[Any], AWSResponse]:
    """No answer, but what the HTTP client makes of that."""

    def raise_it(_request: Any) -> AWSResponse:
        raise error

    return raise_it


class Wire:
    """Sees every request of a client, and answers those it has an answer for in their stead: ``answers``, in order.

    ``None`` among them lets a request through, as does having none left; ``always`` answers those.
    """

    def __init__(self) -> None:
        self.answers: list[Callable[[Any], AWSResponse] | None] = []
        self.always: Callable[[Any], AWSResponse] | None = None
        self.sent: list[tuple[str, dict[str, Any]]] = []

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.sent]

    def __call__(self, request: Any, event_name: str, **_: object) -> AWSResponse | None:
        self.sent.append((event_name.rpartition(".")[2], json.loads(request.body)))
        planned = self.answers.pop(0) if self.answers else self.always
        return None if planned is None else planned(request)


@contextmanager
def wire_of(client: Any) -> Iterator[Wire]:
    """Listen in on ``client``."""
    wire = Wire()
    client.meta.events.register("before-send.dynamodb", wire)
    try:
        yield wire
    finally:
        client.meta.events.unregister("before-send.dynamodb", wire)


class LedgerBench:
    """A ledger on a table of its own, the wire it sends on, and the pauses it made."""

    def __init__(self, client: Any, table: str, wire: Wire) -> None:
        self.client, self.table, self.wire = client, table, wire
        self.pauses: list[float] = []
        self.ledger = DynamoDbLedger(client, table, "eu-central-1", sleep=self.pauses.append)

    def item(self, partition: str, sort: str = "memory") -> dict[str, Any]:
        key = {"pk": {"S": partition}, "sk": {"S": sort}}
        return self.client.get_item(TableName=self.table, Key=key)["Item"]

    def cancelled(self, *codes: str) -> Any:
        """The refusal of a transaction, with a code for each of its items."""
        reasons = [{"Code": code} for code in codes]
        return refusal("TransactionCanceledException", CancellationReasons=reasons)

    def unprocessed(self, *names: str) -> dict[str, Any]:
        """The keys DynamoDB did not come to, as BatchGetItem gives them back."""
        keys = [
            {"pk": {"S": f"session/glue/123456789012/eu-central-1/{name}"}, "sk": {"S": "memory"}} for name in names
        ]
        return {self.table: {"Keys": keys, "ConsistentRead": True}}
