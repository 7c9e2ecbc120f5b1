from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.core.memory import Card, Claim, Hurry, Memory, Snooze
from reaper.core.outcome import Outcome
from reaper.core.session import SessionRef
from reaper.core.snooze import (
    Offer,
    Refusal,
    Refused,
    choices,
    hurried,
    is_claimed,
    is_gone,
    left,
    snoozed,
    unsnoozed,
    zone_of,
)

NOON = 1772366400.0  # 2026-03-01T12:00:00Z, a Sunday
HOUR = 3600.0
CARD = Card(snooze_max=8 * HOUR, snooze_times=3, timezone="Europe/Berlin", acts=True)


def warned(**known: object) -> Memory:
    fresh = Memory(
        ref=SessionRef("glue", "123456789012", "eu-central-1", (), "notebook"),
        first_matched=NOON - HOUR,
        last_matched=NOON - 60,
        policy="glue-idle",
        held_since=NOON - HOUR,
        outcome=Outcome.WARNED,
        outcome_since=NOON - HOUR,
        card=CARD,
    )
    return replace(fresh, **known)  # type: ignore[arg-type]


def taken(times: int, until: float = NOON - 60) -> Snooze:
    return Snooze(until=until, by="ana", at=NOON - 2 * HOUR, times=times)


def refusal(change) -> Refusal:
    with pytest.raises(Refused) as refused:
        change()
    return refused.value.reason


def test_what_the_policy_allows_is_on_offer_and_the_longest_of_it_where_tomorrow_is_too_far():
    offered = choices(warned(), NOON)

    assert [(one.key, one.until - NOON) for one in offered] == [("1h", HOUR), ("4h", 4 * HOUR), ("max", 8 * HOUR)]


def test_tomorrow_is_nine_o_clock_where_the_reader_lives():
    evening = NOON + 9 * HOUR  # 22:00 in Berlin
    long = warned(card=replace(CARD, snooze_max=24 * HOUR))

    offered = {one.key: one.until for one in choices(long, evening)}

    assert offered["tomorrow"] == 1772438400.0  # 2026-03-02T08:00:00Z is 09:00 in Berlin
    assert "max" not in offered


def test_tomorrow_is_nine_o_clock_over_the_change_to_summer_time_too():
    # In the night to 2026-03-29 Berlin loses an hour.
    saturday_noon = 1774699200.0  # 2026-03-28T12:00:00Z
    long = warned(card=replace(CARD, snooze_max=24 * HOUR))

    [until] = [one.until for one in choices(long, saturday_noon) if one.key == "tomorrow"]

    assert until == 1774767600.0  # 2026-03-29T07:00:00Z


def test_a_policy_that_allows_less_than_an_hour_offers_just_that():
    short = warned(card=replace(CARD, snooze_max=600.0))

    assert [(one.key, one.label, one.until) for one in choices(short, NOON)] == [("max", "10m", NOON + 600)]


def test_nothing_is_on_offer_once_all_snoozes_are_used_up():
    used_up = warned(snooze=taken(3))

    assert left(used_up) == 0
    assert choices(used_up, NOON) == ()
    assert refusal(lambda: snoozed(used_up, until=NOON + HOUR, by="ana", now=NOON)) is Refusal.NONE_LEFT


def test_a_snooze_says_until_when_by_whom_and_how_many_there_were():
    kept = snoozed(warned(snooze=taken(1)), until=NOON + HOUR, by="bob", now=NOON)

    assert kept.snooze == Snooze(until=NOON + HOUR, by="bob", at=NOON, times=2)
    assert left(kept) == 1


def test_a_snooze_takes_back_the_wish_to_have_it_stopped():
    kept = snoozed(warned(hurry=Hurry(at=NOON - 5, by="ana")), until=NOON + HOUR, by="ana", now=NOON)

    assert kept.hurry is None


@pytest.mark.parametrize(
    ("until", "reason"),
    [
        (NOON + 8 * HOUR + 61, Refusal.TOO_LONG),
        (NOON + 400 * 24 * HOUR, Refusal.TOO_LONG),
        (NOON, Refusal.PAST),
        (NOON - 1, Refusal.PAST),
    ],
)
def test_a_snooze_is_bounded(until, reason):
    assert refusal(lambda: snoozed(warned(), until=until, by="ana", now=NOON)) is reason


def test_the_same_page_pressed_twice_snoozes_once():
    once = snoozed(warned(), until=NOON + HOUR, by="ana", now=NOON, offer=Offer(snoozes=0))

    assert (
        refusal(lambda: snoozed(once, until=NOON + HOUR, by="ana", now=NOON + 1, offer=Offer(snoozes=0)))
        is Refusal.REPEATED
    )


@pytest.mark.parametrize("outcome", [Outcome.STOPPED, Outcome.CONFIRMED, Outcome.ALREADY_GONE])
def test_what_was_stopped_can_be_neither_kept_nor_stopped(outcome):
    gone = warned(outcome=outcome)

    assert is_gone(gone)
    assert refusal(lambda: snoozed(gone, until=NOON + HOUR, by="ana", now=NOON)) is Refusal.GONE
    assert refusal(lambda: hurried(gone, by="ana", now=NOON)) is Refusal.GONE


def test_a_stop_that_has_been_announced_can_still_be_answered():
    claimed = warned(claim=Claim(run_id="run-7", at=NOON - 1, policy="glue-idle"))

    kept = snoozed(claimed, until=NOON + HOUR, by="ana", now=NOON)

    assert is_claimed(kept, NOON)
    assert kept.claim == claimed.claim
    assert not is_claimed(kept, NOON + 900)


def test_a_wish_to_stop_ends_the_snooze_and_waits_for_a_sweep():
    wished = hurried(warned(snooze=taken(1, NOON + HOUR)), by="ana", now=NOON)

    assert wished.hurry == Hurry(at=NOON, by="ana")
    assert wished.snooze == taken(1, NOON)


def test_nothing_is_hurried_where_sweeps_stop_nothing():
    reported = warned(card=replace(CARD, acts=False))

    assert refusal(lambda: hurried(reported, by="ana", now=NOON)) is Refusal.NEVER_STOPPED


def test_a_snooze_can_be_taken_back_and_still_counts():
    back = unsnoozed(warned(snooze=taken(2, NOON + HOUR)), by="ana", now=NOON)

    assert back.snooze == taken(2, NOON)
    assert left(back) == 1
    assert refusal(lambda: unsnoozed(back, by="ana", now=NOON)) is Refusal.NOT_SNOOZED
    assert refusal(lambda: unsnoozed(warned(), by="ana", now=NOON)) is Refusal.NOT_SNOOZED


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "Europe", "\0", "x" * 5000])
def test_a_timezone_that_does_not_exist_is_utc(name):
    assert str(zone_of(name)) == "UTC"


@given(
    longest=st.floats(60, 30 * 24 * HOUR),
    times=st.integers(0, 5),
    used=st.integers(0, 6),
    now=st.floats(NOON, NOON + 366 * 24 * HOUR),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]),
)
def test_every_offer_is_taken_and_none_is_for_ever(longest, times, used, now, zone):
    memory = warned(
        card=replace(CARD, snooze_max=longest, snooze_times=times, timezone=zone),
        snooze=taken(used) if used else None,
    )

    offered = choices(memory, now)

    assert bool(offered) == (used < times)
    for one in offered:
        kept = snoozed(memory, until=one.until, by="ana", now=now, offer=Offer(snoozes=used))
        assert kept.snooze is not None
        assert now < kept.snooze.until <= now + longest
