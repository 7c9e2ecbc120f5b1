"""The ledger in a DynamoDB table."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar, cast

from botocore.exceptions import ClientError

from reaper.core.memory import Memory, Unreadable
from reaper.core.names import scope_name
from reaper.core.policy.problems import one_line
from reaper.core.records import ScopeRecord, SweepRecord
from reaper.core.session import ScopeKey, SessionRef
from reaper.ledger.attributes import Fields, GarbledItemError, Item, item_size
from reaper.ledger.errors import Place
from reaper.ledger.items import NewerItemError, memory_item, memory_of
from reaper.ledger.names import MEMORY, PARTITION_KEY, SCOPES, SORT_KEY, SWEEPS, partition_key
from reaper.ledger.scope_items import scope_item, scope_of_item
from reaper.ledger.sweep_items import sweep_item, sweep_of
from reaper.sweep.ports import LedgerError

BATCH: Final = 100
"""Most items of one BatchGetItem or TransactWriteItems (DynamoDB API reference)."""
BATCH_BYTES: Final = 3_900_000
"""Most bytes of one TransactWriteItems: it takes 4 MB (the same)."""
ATTEMPTS: Final = 8
"""How often what DynamoDB puts off is tried in all."""

_FIRST_PAUSE: Final = 0.05
_LOST: Final = "ConditionalCheckFailed"
_FINE: Final = "None"
_PUT_OFF: Final = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_UNENCODABLE: Final = (ValueError, OverflowError, OSError)

Named = TypeVar("Named")

_log = logging.getLogger(__name__)


class DynamoDbClient(Protocol):
    """What is used of botocore's client of DynamoDB. It retries by itself what fails as a whole."""

    def batch_get_item(self, **request: Any) -> Mapping[str, Any]:
        """The service's BatchGetItem."""
        ...

    def query(self, **request: Any) -> Mapping[str, Any]:
        """The service's Query."""
        ...

    def transact_write_items(self, **request: Any) -> Mapping[str, Any]:
        """The service's TransactWriteItems."""
        ...


@dataclass(frozen=True, slots=True)
class _Write:
    """One item to be put where ``version`` of it is kept; ``of`` is ``None`` for a sweep's."""

    item: Item
    version: int
    of: SessionRef | ScopeKey | None


class DynamoDbLedger:
    """Keeps the ledger in one table, as :class:`reaper.sweep.ports.Ledger` promises. Safe to use from several threads.

    Items expire :data:`~reaper.core.memory.MEMORY_DAYS` after the session last matched, or the sweep began. A sweep is
    known by when it began and its run id.
    """

    def __init__(
        self, client: DynamoDbClient, table: str, region: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """``client`` has to be of ``region``, which is named in errors; ``sleep`` is given seconds between attempts."""
        self._client = client
        self._table = table
        self._place = Place(table, region)
        self._sleep = sleep

    def recall(self, refs: Sequence[SessionRef]) -> Mapping[SessionRef, Memory | Unreadable]:
        """What is remembered of ``refs``, read consistently; raises LedgerError unless all of it could be read."""
        wanted: dict[tuple[str, str], SessionRef] = {}
        recalled: dict[SessionRef, Memory | Unreadable] = {}
        for ref in refs:
            try:
                wanted[partition_key(ref), MEMORY] = ref
            except UnicodeError:
                # Nothing was ever written of it; one such id must not keep all others from being remembered.
                recalled[ref] = Unreadable(ref, "its id is no text that the ledger can hold")
        return recalled | {ref: _memory(item, ref) for ref, item in self._found(wanted)}

    def scopes(self, keys: Collection[ScopeKey]) -> Mapping[ScopeKey, ScopeRecord]:
        """What is kept of ``keys``, read consistently; raises LedgerError unless all of it could be read."""
        wanted = {(SCOPES, scope_name(key)): key for key in keys}
        try:
            return {key: scope_of_item(item, key) for key, item in self._found(wanted)}
        except (NewerItemError, GarbledItemError) as error:
            raise LedgerError(f"{self._place} has the record of a scope that cannot be read: {error}") from error

    def sweeps(self, limit: int = 20) -> tuple[SweepRecord, ...]:
        """The latest sweeps, newest first; raises LedgerError unless all of them could be read.

        Without one of them it would not be known what held in every sweep. One request while they fit a page of DynamoDB's
        (1 MB), as twenty do that are of 50 kB each.
        """
        items: list[Mapping[str, object]] = []
        start: dict[str, Any] = {}
        while len(items) < limit:
            answer = self._call(
                "Query",
                self._client.query,
                TableName=self._table,
                KeyConditionExpression="#pk = :sweeps",
                ExpressionAttributeNames={"#pk": PARTITION_KEY},
                ExpressionAttributeValues={":sweeps": {"S": SWEEPS}},
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=limit - len(items),
                **start,
            )
            found = _rows(answer.get("Items"))
            if found is None:
                raise self._place.garbled("Query", "no list of items")
            items += found
            if not answer.get("LastEvaluatedKey"):
                break
            following = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
            if following == start:
                raise self._place.garbled("Query", "the same page twice")
            start = following
        try:
            return tuple(sweep_of(item) for item in items)
        except (NewerItemError, GarbledItemError) as error:
            raise LedgerError(f"{self._place} has the record of a sweep that cannot be read: {error}") from error

    def write(
        self, memories: Sequence[Memory], sweep: SweepRecord | None = None, scopes: Sequence[ScopeRecord] = ()
    ) -> frozenset[SessionRef | ScopeKey]:
        """Write all that is still at its version, the sweep in the last request; the refs and scopes that were not.

        What no item can hold of a single session is left out, logged, and among those that were not written.

        Raises:
            LedgerError: it is not known whether everything was written, or a scope or the sweep cannot be.
        """
        lost: set[SessionRef | ScopeKey] = set()
        writes = self._prepare(memories, sweep, scopes)
        lost |= {memory.ref for memory in memories} - {write.of for write in writes}
        for batch in _batches(writes):
            lost |= self._put(batch)
        return frozenset(lost)

    def _found(self, wanted: Mapping[tuple[str, str], Named]) -> Iterator[tuple[Named, Mapping[str, object]]]:
        """The items under those of the ``wanted`` keys that there are, with what each is of."""
        keys = list(wanted)
        for start in range(0, len(keys), BATCH):
            for item in self._items(keys[start : start + BATCH]):
                of = wanted.get(_key_of(item))
                if of is None:
                    raise self._place.garbled("BatchGetItem", "an item nobody asked for")
                yield of, item

    def _items(self, keys: Iterable[tuple[str, str]]) -> list[Mapping[str, object]]:
        asked: Any = {
            self._table: {
                "Keys": [{PARTITION_KEY: {"S": partition}, SORT_KEY: {"S": sort}} for partition, sort in keys],
                "ConsistentRead": True,
            }
        }
        items: list[Mapping[str, object]] = []
        for _ in self._attempts():
            answer = self._call("BatchGetItem", self._client.batch_get_item, RequestItems=asked)
            responses = answer.get("Responses")
            if not isinstance(responses, dict):
                raise self._place.garbled("BatchGetItem", "no responses")
            for listed in cast("dict[str, object]", responses).values():
                found = _rows(listed)
                if found is None:
                    raise self._place.garbled("BatchGetItem", "no list of items")
                items += found
            asked = answer.get("UnprocessedKeys")
            if not asked:
                return items
        raise self._place.busy("BatchGetItem", ATTEMPTS)

    def _prepare(
        self, memories: Sequence[Memory], sweep: SweepRecord | None, scopes: Sequence[ScopeRecord]
    ) -> list[_Write]:
        writes: list[_Write] = []
        for memory in memories:
            try:
                writes.append(_Write(memory_item(memory), memory.version, memory.ref))
            except _UNENCODABLE as error:
                _log.warning("%s", one_line(str(self._place.unwritable(f"the session {memory.ref}", error))))
        if len({memory.ref for memory in memories}) < len(memories):
            raise LedgerError(f"{self._place} was told two things of one session at once")
        for scope in scopes:
            try:
                writes.append(_Write(scope_item(scope), scope.version, scope.key))
            except _UNENCODABLE as error:
                raise self._place.unwritable(f"the scope {scope.key}", error) from error
        if sweep is not None:
            try:
                item, omitted = sweep_item(sweep)
            except _UNENCODABLE as error:
                raise self._place.unwritable(f"the sweep {sweep.run_id}", error) from error
            writes.append(_Write(item, sweep.version, None))
            if omitted:
                _log.warning("%s had no room for all of sweep %s and left out %s", self._place, sweep.run_id, omitted)
        return writes

    def _put(self, batch: Sequence[_Write]) -> set[SessionRef | ScopeKey]:
        """Write ``batch`` but for those of it that others wrote meanwhile: what they are of, which a sweep's is not."""
        lost: set[SessionRef | ScopeKey] = set()
        for _ in self._attempts():
            codes = self._transact(batch)
            if codes is None:
                return lost
            if len(codes) != len(batch) or set(codes) <= {_FINE}:
                raise self._place.garbled("TransactWriteItems", "cancelled without a reason")
            if unknown := set(codes) - _PUT_OFF - {_FINE, _LOST}:
                raise LedgerError(f"{self._place} refused dynamodb:TransactWriteItems: {', '.join(sorted(unknown))}")
            lost |= {
                write.of for write, code in zip(batch, codes, strict=True) if code == _LOST and write.of is not None
            }
            batch = [write for write, code in zip(batch, codes, strict=True) if code != _LOST]
            if not batch:
                return lost
        raise self._place.busy("TransactWriteItems", ATTEMPTS)

    def _transact(self, batch: Sequence[_Write]) -> list[str] | None:
        """``None`` when all of ``batch`` was written, else why each item kept all from being so."""
        try:
            answer = self._client.transact_write_items(
                TransactItems=[{"Put": self._conditional(write)} for write in batch],
                # The client sends it again with every retry of its own, and DynamoDB writes once.
                ClientRequestToken=str(uuid.uuid4()),
                # Asked for because an answer without it is not DynamoDB's, and nothing else would show that.
                ReturnConsumedCapacity="TOTAL",
            )
        except ClientError as error:
            refusal = cast("dict[str, Any]", error.response)
            if refusal.get("Error", {}).get("Code") != "TransactionCanceledException":
                raise self._place.explain(error, "TransactWriteItems") from error
            return [str(reason.get("Code")) for reason in _rows(refusal.get("CancellationReasons")) or ()]
        # Whatever a call raises, be it botocore stumbling over an answer, is a call that failed.
        except Exception as error:
            raise self._place.explain(error, "TransactWriteItems") from error
        if "ConsumedCapacity" not in answer:
            raise self._place.garbled("TransactWriteItems", "no consumed capacity")
        return None

    def _conditional(self, write: _Write) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._table, "Item": write.item}
        if write.version == 0:
            condition = {
                "ConditionExpression": "attribute_not_exists(#pk)",
                "ExpressionAttributeNames": {"#pk": PARTITION_KEY},
            }
        else:
            condition = {
                "ConditionExpression": "#version = :read",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":read": {"N": str(write.version)}},
            }
        return put | condition

    def _call(self, operation: str, method: Callable[..., Mapping[str, Any]], **request: Any) -> Mapping[str, Any]:
        try:
            return method(**request)
        # Whatever a call raises, be it botocore stumbling over an answer, is a call that failed.
        except Exception as error:
            raise self._place.explain(error, operation) from error

    def _attempts(self) -> Iterator[int]:
        """:data:`ATTEMPTS` of them, with pauses between that double, and differ so that two sweeps do not meet again."""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(_FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1))  # noqa: S311 - no secret
            yield attempt


def _batches(writes: Iterable[_Write]) -> Iterator[list[_Write]]:
    batch: list[_Write] = []
    room = BATCH_BYTES
    for write in writes:
        cost = item_size(write.item)
        if len(batch) == BATCH or cost > room:
            yield batch
            batch, room = [], BATCH_BYTES
        batch.append(write)
        room -= cost
    if batch:
        yield batch


def _memory(item: Mapping[str, object], ref: SessionRef) -> Memory | Unreadable:
    try:
        return memory_of(item, ref)
    except NewerItemError as error:
        return Unreadable(ref, f"what the ledger knows of it cannot be read: {error}")
    except GarbledItemError as error:
        return Unreadable(ref, f"what the ledger knows of it is garbled: {error}")


def _key_of(item: Mapping[str, object]) -> tuple[str, str]:
    fields = Fields(item)
    try:
        return fields.text(PARTITION_KEY), fields.text(SORT_KEY)
    except GarbledItemError:
        return "", ""


def _rows(value: object) -> list[Mapping[str, object]] | None:
    """``value`` if it is a list of structures."""
    if not isinstance(value, list):
        return None
    rows = cast("list[object]", value)
    return cast("list[Mapping[str, object]]", rows) if all(isinstance(row, dict) for row in rows) else None
