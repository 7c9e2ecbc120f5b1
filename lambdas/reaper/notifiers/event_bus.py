"""Events by EventBridge: what fits into one, what goes out in which request, and what is tried again."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, Protocol

from msgspec import Struct

from reaper.wire.codec import encode, text_of
from reaper.wire.texts import each_text

SOURCE: Final = "session-reaper"

BATCH: Final = 10
"""Most entries of one PutEvents (its API reference)."""
BATCH_BYTES: Final = 250_000
"""Bytes of one PutEvents. It took 256 KB until 2026 and takes 1 MB now; what targets take, and other partitions, may lag."""
ATTEMPTS: Final = 5
"""How often an entry that EventBridge puts off is sent in all; the client retries by itself what fails as a whole."""
PATIENCE: Final = 30.0
"""Seconds one publishing may take: what did not go out by then is given up, so that the function can still tell of it."""
THREADS: Final = 4

_FIRST_PAUSE: Final = 0.1
_FINAL: Final = {
    "AccessDeniedException",
    "InvalidAccountIdException",
    "InvalidArgument",
    "MalformedDetail",
    "NotAuthorizedForDetailTypeException",
    "NotAuthorizedForSourceException",
    "RedactionFailure",
}
"""What the API reference (PutEventsResultEntry) says is of no use to retry."""
_PASSING: Final = {"ThrottlingException", "TooManyRequestsException", "InternalException", "InternalFailure"}
_OWN_FAULT: Final = {"ValidationException", "ValidationError", "RequestEntityTooLargeException"}
"""What speaks of one request alone: the next one may be fine."""
_SERVER_ERROR: Final = 500
_LONGEST_QUOTE: Final = 200
_TIME_BYTES: Final = 14
_LONGEST: Final = 1000
"""Characters of any text in a detail."""
_LONGEST_BYTES: Final = 4000
"""Its bytes as JSON, which can write one character in twelve."""
_TERSE: Final = 300


@dataclass(frozen=True)
class Entry:
    """One event. ``resources`` are the ARNs it is about."""

    detail_type: str
    detail: Struct
    at: datetime
    resources: tuple[str, ...] = ()

    @cached_property
    def body(self) -> str:
        """The detail as it is sent: JSON to every reader (no NaN, no half a character)."""
        return text_of(each_text(self.detail, clipped))

    @property
    def size(self) -> int:
        """Bytes as EventBridge counts them (its user guide, "Calculating PutEvents event entry size")."""
        texts = (SOURCE, self.detail_type, self.body, *self.resources)
        return _TIME_BYTES + sum(len(text.encode()) for text in texts)

    def request(self, bus: str) -> dict[str, Any]:
        """The entry of a PutEvents request that sends it to ``bus``."""
        return {
            "Source": SOURCE,
            "DetailType": self.detail_type,
            "Detail": self.body,
            "Time": self.at.astimezone(UTC),
            "Resources": list(self.resources),
            "EventBusName": bus,
        }


class EventsClient(Protocol):
    """What is used of botocore's client of EventBridge."""

    def put_events(self, **request: Any) -> Mapping[str, Any]:
        """The service's PutEvents."""
        ...


@dataclass(frozen=True, slots=True)
class Published:
    """How many events the bus took and how many it did not; ``notes`` says why in a sentence, and is empty when all went out."""

    sent: int
    lost: int
    notes: tuple[str, ...] = ()


class EventPublisher:
    """Publishes events to one bus, at least once each. Never raises."""

    def __init__(
        self,
        client: EventsClient,
        bus: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        """``bus`` is ``default``, a name or an ARN; ``sleep`` is given seconds, ``clock`` tells them."""
        self._client = client
        self._bus = bus
        self._sleep = sleep
        self._clock = clock
        self._patience = patience

    def publish(self, entries: Iterable[Entry]) -> Published:
        """Publish ``entries``, in order as far as they share a request. Needs ``events:PutEvents`` on the bus."""
        tally = _Tally(batches(entries, most=BATCH, room=BATCH_BYTES))
        until = self._clock() + self._patience
        # Whatever is wrong with all of them shows in the first, before there is anything to wait for.
        if (first := tally.take()) is not None:
            self._send(first, tally, until)
            more = tally.take()
            if more is not None:
                with ThreadPoolExecutor(THREADS, thread_name_prefix="events") as pool:
                    for waiting in (more, *(None,) * (THREADS - 1)):
                        pool.submit(self._work, waiting, tally, until)
        return tally.close(self._bus)

    def _work(self, batch: list[Entry] | None, tally: _Tally, until: float) -> None:
        while (batch := batch or tally.take()) is not None:
            self._send(batch, tally, until)
            batch = None

    def _send(self, batch: list[Entry], tally: _Tally, until: float) -> None:
        if batch[0].size > BATCH_BYTES:
            tally.lose(["it is too large"])
            return
        try:
            self._attempt(batch, tally, until)
        except Exception as error:  # noqa: BLE001 - a sweep is done, and must be told of, whatever is wrong here
            if _code(error) in _OWN_FAULT or type(error).__name__ == "ParamValidationError":
                tally.lose([_quote(error)] * len(batch))
            else:
                tally.give_up(batch, _quote(error))

    def _attempt(self, batch: list[Entry], tally: _Tally, until: float) -> None:
        left, why = batch, Counter[str]()
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(_FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 - no secret
            if self._clock() >= until:
                tally.give_up(left, _because(why) or f"there was no time left after {self._patience:.0f} s")
                return
            try:
                answer = self._client.put_events(Entries=[entry.request(self._bus) for entry in left])
            except Exception as error:
                if not _is_passing(error):
                    raise
                why = Counter({_quote(error): len(left)})
                continue
            codes = _codes(answer, len(left))
            if codes is None:
                tally.give_up(left, "the answer is not EventBridge's: look at what is between here and AWS")
                return
            tally.sent(codes.count(None))
            tally.lose(code for code in codes if code in _FINAL)
            kept = [
                (entry, code)
                for entry, code in zip(left, codes, strict=True)
                if code is not None and code not in _FINAL
            ]
            if not kept:
                return
            left, why = [entry for entry, _ in kept], Counter(code for _, code in kept)
        tally.lose(why.elements())


def batches(entries: Iterable[Entry], *, most: int, room: int) -> Iterator[list[Entry]]:
    """``entries`` in order, in lists of at most ``most`` that take at most ``room`` bytes; one too large has its own."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) == most or size + entry.size > room):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch


def clipped(value: str) -> str:
    """``value`` shortened, and fit to be read as Unicode by anybody."""
    # What services answer can hold one half of a surrogate pair, which EventBridge takes for broken JSON.
    text = value[: _LONGEST + 1].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}..."
    return text if len(encode(text)) <= _LONGEST_BYTES else f"{text[:_TERSE]}..."


class _Tally:
    """Hands out batches, and counts what became of them. Safe to share between threads."""

    def __init__(self, waiting: Iterator[list[Entry]]) -> None:
        self._waiting = waiting
        self._lock = threading.Lock()
        self._sent = 0
        self._lost = Counter[str]()
        self._given_up: str | None = None

    def take(self) -> list[Entry] | None:
        """The next batch; none once they are all taken, or given up."""
        with self._lock:
            return None if self._given_up else next(self._waiting, None)

    def sent(self, count: int) -> None:
        with self._lock:
            self._sent += count

    def lose(self, reasons: Iterable[str | None]) -> None:
        with self._lock:
            self._lost.update(str(reason) for reason in reasons)

    def give_up(self, batch: list[Entry], why: str) -> None:
        """Lose ``batch`` and all that was not taken yet: what failed for this one would for the next."""
        with self._lock:
            self._given_up = self._given_up or why
            self._lost[why] += len(batch)

    def close(self, bus: str) -> Published:
        if self._given_up:
            self._lost[self._given_up] += sum(map(len, self._waiting))
        lost = self._lost.total()
        if not lost:
            return Published(self._sent, 0)
        note = f"{lost} of {self._sent + lost} events were not published to the event bus {bus}: {_because(self._lost)}"
        return Published(self._sent, lost, (note,))


def _because(reasons: Counter[str]) -> str:
    if len(reasons) == 1:
        return next(iter(reasons))
    return ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common())


def _codes(answer: Mapping[str, Any], count: int) -> list[str | None] | None:
    """The error code of each entry, ``None`` where it was taken; ``None`` for an answer that makes no sense."""
    results = answer.get("Entries")
    if not isinstance(results, list) or len(results) != count:
        return None
    if not all(isinstance(one, dict) and ("EventId" in one or "ErrorCode" in one) for one in results):
        return None
    return [str(one["ErrorCode"]) if "ErrorCode" in one else None for one in results]


def _is_passing(error: Exception) -> bool:
    """True for what the service itself says will pass."""
    answer: Any = getattr(error, "response", None) or {}
    return _code(error) in _PASSING or answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _SERVER_ERROR


def _code(error: Exception) -> str:
    """The service's own word for what it refused, empty where it never answered."""
    answer: Any = getattr(error, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", ""))


def _quote(error: Exception) -> str:
    line = " ".join(str(error).split()) or type(error).__name__
    return line if len(line) <= _LONGEST_QUOTE else f"{line[: _LONGEST_QUOTE - 1]}…"
