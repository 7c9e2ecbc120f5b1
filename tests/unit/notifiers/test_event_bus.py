"""How events are sent, and what becomes of those that do not go out."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest
from botocore.exceptions import EndpointConnectionError
from msgspec import Struct

from reaper.notifiers.event_bus import Entry, EventPublisher, Published
from tests.support.event_bus import EventBus, refusal

AT = datetime(2026, 3, 1, 10, 0, 12, tzinfo=UTC)


class Detail(Struct, frozen=True):
    number: int = 0
    text: str = ""
    more: dict[str, str] = {}


def entry(number=0, text=""):
    return Entry("Session Warned", Detail(number, text), AT)


def entries(count):
    return [entry(number) for number in range(count)]


def publisher(bus, **more):
    return EventPublisher(bus, "default", **{"sleep": lambda _: None, "clock": lambda: 0.0, **more})


def numbers(bus):
    return [event["detail"]["number"] for event in bus.taken]


def test_events_go_out_as_rules_expect_them():
    bus = EventBus()

    assert publisher(bus).publish([entry(7)]) == Published(1, 0)
    assert bus.taken[0]["source"] == "session-reaper"
    assert bus.taken[0]["detail-type"] == "Session Warned"
    assert bus.taken[0]["time"] == "2026-03-01T10:00:12Z"
    assert bus.requests[0][0]["EventBusName"] == "default"


def test_nothing_to_say_asks_nothing():
    bus = EventBus()

    assert publisher(bus).publish([]) == Published(0, 0)
    assert bus.requests == []


def test_ten_thousand_events_go_out_once_each_ten_at_a_time():
    bus = EventBus()

    assert publisher(bus).publish(entry(number) for number in range(10_001)) == Published(10_001, 0)
    assert len(bus.requests) == 1001
    assert sorted(numbers(bus)) == list(range(10_001))


def test_large_events_share_a_request_only_while_they_fit():
    bus = EventBus()
    large = [
        Entry("Session Warned", Detail(n, more=dict.fromkeys(map(str, range(30)), "x" * 999)), AT) for n in range(10)
    ]

    assert publisher(bus).publish(large) == Published(10, 0)
    assert sorted(map(len, bus.requests)) == [2, 8]


def test_an_event_that_fits_no_request_is_counted_and_keeps_no_other_back():
    bus = EventBus()
    huge = Entry("Session Warned", Detail(more=dict.fromkeys(map(str, range(300)), "x" * 999)), AT)

    assert publisher(bus).publish([entry(1), huge, entry(2)]) == Published(
        2, 1, ("1 of 3 events were not published to the event bus default: it is too large",)
    )
    assert sorted(numbers(bus)) == [1, 2]


def test_only_what_failed_is_sent_again():
    bus = EventBus(lambda number, sent: [None, "ThrottlingException", None] if number == 0 else [None] * len(sent))
    pauses = []

    assert publisher(bus, sleep=pauses.append).publish(entries(3)) == Published(3, 0)
    assert numbers(bus) == [0, 2, 1]
    assert len(pauses) == 1
    assert 0.1 <= pauses[0] <= 0.2


def test_pauses_grow_and_end():
    bus = EventBus(lambda _, sent: ["InternalFailure"] * len(sent))
    pauses = []

    assert publisher(bus, sleep=pauses.append).publish(entries(2)) == Published(
        0, 2, ("2 of 2 events were not published to the event bus default: InternalFailure",)
    )
    assert len(bus.requests) == 5
    assert all(later > earlier / 2 for earlier, later in itertools.pairwise(pauses))
    assert 0.8 <= pauses[-1] <= 1.6


def test_what_is_of_no_use_to_retry_is_not_retried():
    bus = EventBus(lambda _, sent: ["MalformedDetail", None, "NotAuthorizedForSourceException"][: len(sent)])

    assert publisher(bus).publish(entries(3)) == Published(
        1,
        2,
        (
            (
                "2 of 3 events were not published to the event bus default:"
                " MalformedDetail (1), NotAuthorizedForSourceException (1)"
            ),
        ),
    )
    assert len(bus.requests) == 1


def test_a_throttled_request_is_sent_again():
    bus = EventBus(lambda number, sent: refusal("ThrottlingException") if number < 2 else [None] * len(sent))

    assert publisher(bus).publish(entries(3)) == Published(3, 0)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refusal("AccessDeniedException"), "AccessDeniedException"),
        (refusal("ResourceNotFoundException"), "ResourceNotFoundException"),
        (EndpointConnectionError(endpoint_url="https://events"), "Could not connect"),
        (RuntimeError("stumbled\n over an answer"), "stumbled over an answer"),
    ],
)
def test_what_is_wrong_with_one_is_wrong_with_all_so_none_of_the_rest_is_tried(error, words):
    bus = EventBus(lambda *_: error)

    published = publisher(bus).publish(entries(10_000))

    assert (published.sent, published.lost) == (0, 10_000)
    assert published.notes[0].startswith("10000 of 10000 events were not published to the event bus default: ")
    assert words in published.notes[0]
    assert len(bus.requests) == 1


def test_a_request_that_is_refused_for_what_is_in_it_costs_nobody_else():
    bus = EventBus(lambda number, sent: refusal("ValidationException") if number == 0 else [None] * len(sent))

    published = publisher(bus).publish(entries(40))

    assert (published.sent, published.lost) == (30, 10)


@pytest.mark.parametrize("answer", [{}, {"Entries": []}, {"Entries": "x"}, {"Entries": [{}, {}]}])
def test_an_answer_that_is_not_eventbridges_is_not_taken_for_success(answer):
    class Proxy:
        def put_events(self, **_):
            return answer

    published = publisher(Proxy()).publish(entries(2))

    assert (published.sent, published.lost) == (0, 2)
    assert "the answer is not EventBridge's" in published.notes[0]


def test_publishing_ends_in_time_however_slow_the_bus_is():
    ticks = itertools.count()
    bus = EventBus()

    published = publisher(bus, clock=lambda: float(next(ticks)), patience=30.0).publish(entries(1000))

    assert published.sent + published.lost == 1000
    assert published.sent == len(bus.taken) < 350
    assert "there was no time left after 30 s" in published.notes[0]


def test_a_moment_that_is_none_is_told_like_any_other_failure():
    published = publisher(EventBus()).publish([Entry("Session Warned", Detail(), 1e18)])  # type: ignore[arg-type] - the point

    assert (published.sent, published.lost) == (0, 1)
