"""How a client goes on once a service refuses calls: sixteen threads of it, in a time of their own."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

import pytest

from reaper.providers.aws.pace import Pace

THREADS = 16
LATENCY = 0.2
ATTEMPTS = 10
THROTTLED = (None, {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}})
FAILED = (None, {"Error": {"Code": "InternalServerException"}, "ResponseMetadata": {"HTTPStatusCode": 500}})
ANSWERED = (None, {"ResponseMetadata": {"HTTPStatusCode": 200}})

Service = Callable[[float], bool]
"""Whether a call at that moment is answered."""


def bucket(rate: float, burst: float) -> Service:
    """So many calls a second, and so many at once after a rest."""
    left, last = burst, 0.0

    def answers(now: float) -> bool:
        nonlocal left, last
        left, last = min(burst, left + (now - last) * rate), now
        if left < 1:
            return False
        left -= 1
        return True

    return answers


def refusing(share: float) -> Service:
    """That share of all calls is refused, however many there are."""
    chance = random.Random(20261128)  # noqa: S311 - to be the same every time
    return lambda _now: chance.random() >= share


class Client:
    """Threads that make calls until ``calls`` are made, as botocore would: paced, answered, repeated."""

    def __init__(self, service: Service, calls: int) -> None:
        self.lost = self.sent = self.refused = 0
        self.now = self.ended = 0.0
        self._pauses: list[float] = []
        pace = Pace(ATTEMPTS, clock=lambda: self.now, sleep=self._pauses.append, chance=lambda: 0.5)
        # When, whose turn among equals, and what: the number of the attempt, and whether it was sent.
        due = [(0.0, thread, 1, False) for thread in range(min(THREADS, calls))]
        waiting, turn = calls - len(due), len(due)
        while due:
            self.now, _, attempt, was_sent = heapq.heappop(due)
            turn += 1
            if not was_sent:
                heapq.heappush(due, (self.now + self._paused(pace) + LATENCY, turn, attempt, True))
                continue
            answered = service(self.now)
            self.sent, self.refused, self.ended = self.sent + 1, self.refused + (not answered), self.now
            again = pace.needs_retry(response=ANSWERED if answered else THROTTLED, attempts=attempt)
            if again is not None:
                heapq.heappush(due, (self.now + again, turn, attempt + 1, False))
                continue
            self.lost += not answered
            if waiting:
                waiting -= 1
                heapq.heappush(due, (self.now, turn, 1, False))

    def _paused(self, pace: Pace) -> float:
        pace.before_send()
        return self._pauses.pop() if self._pauses else 0.0


def test_a_service_that_answers_all_is_asked_as_fast_as_it_answers():
    """300 calls of 0.2 s by 16 threads: 19 rounds."""
    client = Client(bucket(1e6, 1e6), 300)

    assert client.ended == pytest.approx(19 * LATENCY)


@pytest.mark.parametrize("rate", [2.0, 5.0, 20.0])
def test_a_quota_is_used_up_and_little_more_than_used_up(rate):
    """As many calls as two seconds allow come at once; no client could be done sooner than the quota lets it."""
    client = Client(bucket(rate, 2 * rate), 300)

    assert client.lost == 0
    assert client.ended <= 1.25 * (300 - 2 * rate) / rate
    assert client.refused <= 0.45 * client.sent


@pytest.mark.parametrize(("share", "seconds"), [(0.2, 20), (0.3, 45)])
def test_where_asking_less_does_not_help_the_rate_stays(share, seconds):
    client = Client(refusing(share), 300)

    assert client.lost == 0
    assert client.ended <= seconds


def test_even_where_most_calls_are_refused_it_goes_on():
    """No slower than two calls a second, for as long as it takes: about 300 / (1 - 0.6) calls."""
    client = Client(refusing(0.6), 300)

    assert client.sent / client.ended >= 1.8
    assert client.lost <= 6  # 0.6 ** 10 of 300 are two


def test_an_error_that_is_no_throttling_neither_slows_down_nor_is_repeated_by_it():
    pauses: list[float] = []
    pace = Pace(ATTEMPTS, clock=lambda: 0.0, sleep=pauses.append)

    assert pace.needs_retry(response=FAILED, attempts=1) is None
    assert pace.needs_retry(response=None, attempts=1) is None
    pace.before_send()
    assert pauses == []


def test_a_throttled_call_is_sent_again_until_its_attempts_are_used_up():
    pace = Pace(3, clock=lambda: 0.0, sleep=lambda _: None, chance=lambda: 1.0)

    assert [pace.needs_retry(response=THROTTLED, attempts=attempt) for attempt in (1, 2, 3)] == [1.0, 2.0, None]


def test_pauses_grow_up_to_twenty_seconds():
    pace = Pace(12, clock=lambda: 0.0, sleep=lambda _: None, chance=lambda: 1.0)

    assert [pace.needs_retry(response=THROTTLED, attempts=attempt) for attempt in (4, 5, 6, 11)] == [8, 16, 20, 20]
