"""Days of a world in use, each from its seed: no stop breaks a promise, and all that could break one did happen."""

from __future__ import annotations

from collections import Counter

from tests.simulation.days import Simulation

SEEDS = 40
HOURS = 24.0
EVENTS = (
    "stopped",
    "warned",
    "spared",
    "unread",
    "withheld",
    "snoozed",
    "killed",
    "overlapped",
    "planned",
    "carried on",
    "answered",
    "made anew",
    "unread lists",
)


def test_no_stop_breaks_a_promise_and_nothing_unread_is_hidden():
    seen, found = Counter[str](), list[str]()
    for seed in range(SEEDS):
        tally = Simulation(seed).go_on(HOURS)
        seen += tally.events
        found += tally.breaches

    assert found == []
    # Days on which it did not happen would prove nothing of it.
    assert {event: seen[event] for event in EVENTS if seen[event] < 20} == {}


def test_the_same_seed_is_the_same_day():
    first, second = Simulation(7), Simulation(7)

    assert first.go_on(HOURS).events == second.go_on(HOURS).events
    assert first.world.now == second.world.now
