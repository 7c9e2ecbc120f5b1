"""What people answer, as sweeps see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reaper.core.memory import Memory
from reaper.core.policy.model import SnoozeLimit, Stage
from reaper.core.report import Mode
from reaper.core.snooze import Offer, Refused
from reaper.sweep.answer import Unknown, hurry, look_up, snooze, unsnooze
from reaper.sweep.instructions import Reader
from reaper.sweep.ports import LedgerError
from tests.support.ledgers import MemoryLedger
from tests.support.reports import as_json
from tests.support.sessions import HOUR, MINUTE, NOW, policy, ref
from tests.unit.sweep.test_remember import GRACE, IDLE, Story


def warned(**facts) -> Story:
    story = Story(**facts)
    assert story.outcome() == "warned"
    return story


def keep(story: Story, seconds: float, **more) -> Memory:
    return snooze(story.ledger, ref("s-1"), until=story.now + seconds, by="ana", now=story.now, **more)


def test_a_snooze_is_honoured_until_it_is_over_and_then_the_session_is_stopped():
    story = warned()
    keep(story, HOUR)

    assert story.outcome(GRACE) == "snoozed"
    assert story.outcome(HOUR - GRACE - 1) == "snoozed"
    assert story.stops == []
    assert story.outcome(1) == "stopped"


def test_each_snooze_is_news_once():
    story = warned()
    keep(story, HOUR)
    story.outcomes(MINUTE)
    story.outcomes(MINUTE)
    keep(story, 2 * HOUR)
    story.outcomes(MINUTE)
    story.outcomes(MINUTE)

    assert story.told == [("s-1", "warned"), ("s-1", "snoozed"), ("s-1", "snoozed")]


def test_a_wish_to_stop_waives_the_grace():
    story = warned()
    hurry(story.ledger, ref("s-1"), by="ana", now=story.now)

    assert story.outcome(1) == "stopped"


def test_a_wish_to_stop_is_forgotten_once_the_session_is_used():
    story = warned()
    hurry(story.ledger, ref("s-1"), by="ana", now=story.now)
    story.change(idle_since=story.now + 1)

    assert story.outcome(MINUTE) == "warned"
    assert story.memory().hurry is None
    assert story.stops == []


def test_a_wish_to_stop_stops_nothing_where_sweeps_only_report():
    story = Story(mode=Mode.REPORT)
    story.outcome()

    with pytest.raises(Refused):
        hurry(story.ledger, ref("s-1"), by="ana", now=story.now)


def test_a_wish_to_stop_stops_nothing_that_a_policy_only_warns_of():
    story = Story(policy("stop", IDLE, name="idle", grace=GRACE, stage=Stage.WARN))
    assert story.outcome() == "warned"

    with pytest.raises(Refused):
        hurry(story.ledger, ref("s-1"), by="ana", now=story.now)


def test_a_snooze_ends_when_it_is_taken_back():
    story = warned()
    keep(story, HOUR)
    assert story.outcome(GRACE) == "snoozed"
    unsnooze(story.ledger, ref("s-1"), by="ana", now=story.now)

    assert story.outcome(MINUTE) == "stopped"


class AnsweredAtTheLastMoment(MemoryLedger):
    """Somebody answers between a sweep's announcement of a stop and the stop itself."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def write(self, memories, sweep=None, scopes=()):
        lost = super().write(memories, sweep, scopes)
        if self.answer and any(memory.claim for memory in memories):
            answer, self.answer = self.answer, None
            answer(self)
        return lost


def test_a_snooze_in_the_last_moment_keeps_the_session():
    story = Story()
    story.ledger = AnsweredAtTheLastMoment(
        lambda ledger: snooze(ledger, ref("s-1"), until=story.now + HOUR, by="ana", now=story.now)
    )
    story.outcome()

    assert story.outcome(GRACE) == "snoozed"
    assert story.stops == []
    assert story.memory().claim is None
    assert story.outcome(MINUTE) == "snoozed"


def test_nothing_is_stopped_when_the_last_look_into_the_ledger_fails():
    story = Story()

    def unreadable(ledger):
        ledger.trouble = "the table is gone"

    story.ledger = AnsweredAtTheLastMoment(unreadable)
    story.outcome()

    assert story.outcome(GRACE) == "withheld"
    assert story.stops == []


def test_a_warning_says_when_it_is_stopped_how_that_is_known_and_what_may_be_asked_for():
    limit = SnoozeLimit(max=2 * HOUR, times=2)
    story = Story(
        policy("stop", IDLE, name="idle", grace=GRACE, snooze=limit),
        idle_since=NOW - HOUR,
        evidence={"idle_since": "statement 7 completed"},
    )
    report = story.sweep()

    [finding] = as_json(report, story.book.lens, NOW)["findings"]

    # NOW is 2027-01-15T08:00:00Z
    assert finding["due"] == "2027-01-15T08:15:00Z"
    assert finding["idle_since"] == "2027-01-15T07:00:00Z"
    assert finding["evidence"] == "statement 7 completed"
    assert finding["snooze_limit"] == {"max": 7200, "left": 2}
    assert "snooze" not in finding


def test_a_snoozed_finding_says_who_keeps_it_until_when():
    story = warned()
    keep(story, HOUR)
    [finding] = as_json(story.sweep(MINUTE), story.book.lens, story.now)["findings"]

    assert finding["snooze"] == {
        "until": "2027-01-15T09:00:00Z",
        "by": "ana",
        "at": "2027-01-15T08:00:00Z",
        "times": 1,
    }
    assert finding["due"] == "2027-01-15T09:00:00Z"
    assert finding["snooze_limit"]["left"] == 2


def test_the_ledger_keeps_what_the_page_behind_a_link_shows():
    story = Story(name="Umsatz", creator="ana", idle_since=NOW - HOUR, evidence={"idle_since": "statement 7 completed"})
    story.sweep(reader=lambda owner: Reader("data", "Europe/Berlin") if owner == "ana" else Reader())

    card = story.memory().card

    assert card is not None
    assert (card.name, card.owner, card.team, card.timezone) == ("Umsatz", "ana", "data", "Europe/Berlin")
    assert (card.idle_since, card.evidence, card.due) == (NOW - HOUR, "statement 7 completed", NOW + GRACE)
    assert (card.snooze_max, card.snooze_times, card.acts) == (8 * HOUR, 3, True)


def test_nothing_is_answered_for_a_session_nobody_knows():
    with pytest.raises(Unknown):
        snooze(MemoryLedger(), ref("s-1"), until=NOW + HOUR, by="ana", now=NOW)


def test_an_answer_that_cannot_be_read_for_changes_nothing():
    story = warned()
    story.ledger.spoil(ref("s-1"), "a newer release wrote it")

    with pytest.raises(LedgerError, match="a newer release wrote it"):
        look_up(story.ledger, ref("s-1"))


class Contended(MemoryLedger):
    """Somebody else writes just before each of the first ``times`` writes."""

    def __init__(self):
        super().__init__()
        self.times = 0

    def write(self, memories, sweep=None, scopes=()):
        if self.times:
            self.times -= 1
            [memory] = self.recall([memories[0].ref]).values()
            assert isinstance(memory, Memory)
            super().write([replace(memory, idle_cost=memory.idle_cost + 1)])
        return super().write(memories, sweep, scopes)


def test_an_answer_survives_others_that_write_at_the_same_moment():
    story = Story()
    story.ledger = ledger = Contended()
    story.outcome()
    ledger.times = 3

    keep(story, HOUR)

    memory = story.memory()
    assert memory.snooze is not None
    assert memory.snooze.times == 1
    assert memory.idle_cost >= 3


def test_an_answer_that_never_gets_through_is_said_to_have_failed():
    story = Story()
    story.ledger = ledger = Contended()
    story.outcome()
    ledger.times = 99

    with pytest.raises(LedgerError, match="try again"):
        keep(story, HOUR)
    assert story.memory().snooze is None


class Overtaken(MemoryLedger):
    """While one person's answer is on its way, ``other`` is answered before it is written."""

    def __init__(self):
        super().__init__()
        self.other: Callable[[], object] | None = None

    def write(self, memories, sweep=None, scopes=()):
        other, self.other = self.other, None
        if other is not None:
            other()
        return super().write(memories, sweep, scopes)


def overtaken() -> tuple[Story, Overtaken]:
    story = Story()
    story.ledger = ledger = Overtaken()
    story.outcome()
    return story, ledger


def kept_until(story: Story) -> float:
    snooze = story.memory().snooze
    assert snooze is not None
    return snooze.until


def test_who_wants_it_stopped_having_seen_no_snooze_does_not_end_one_that_lands_meanwhile():
    story, ledger = overtaken()
    ledger.other = lambda: keep(story, 4 * HOUR)

    with pytest.raises(Refused, match="answered already"):
        hurry(story.ledger, ref("s-1"), by="bob", now=story.now, offer=Offer(snoozes=0))

    assert story.memory().hurry is None
    assert kept_until(story) == story.now + 4 * HOUR


def test_who_ends_a_snooze_does_not_end_a_longer_one_that_lands_meanwhile():
    story, ledger = overtaken()
    keep(story, HOUR)
    ledger.other = lambda: keep(story, 4 * HOUR)

    with pytest.raises(Refused, match="answered already"):
        unsnooze(story.ledger, ref("s-1"), by="bob", now=story.now, offer=Offer(snoozes=1))

    assert kept_until(story) == story.now + 4 * HOUR


def test_nor_does_a_button_that_was_pressed_before_it_landed():
    story, ledger = overtaken()
    ledger.other = lambda: keep(story, 4 * HOUR)

    with pytest.raises(Refused, match="answered already"):
        hurry(story.ledger, ref("s-1"), by="bob", now=story.now, offer=Offer(pressed=story.now - 1))

    assert story.memory().hurry is None


def test_the_same_wish_is_new_once_a_minute():
    story = warned()
    wishes = [hurry(story.ledger, ref("s-1"), by="ana", now=story.now + after) for after in (0, 59, 60)]

    assert [wish.new for wish in wishes] == [True, False, True]


class Deaf(MemoryLedger):
    """Writes fail; those of ``carried_out`` were carried out all the same."""

    carried_out = False
    fails = False

    def write(self, memories, sweep=None, scopes=()):
        if not self.fails:
            return super().write(memories, sweep, scopes)
        if self.carried_out:
            super().write(memories, sweep, scopes)
        raise LedgerError("the answer never came")


@pytest.mark.parametrize("answer", [lambda story: keep(story, HOUR).snooze, lambda story: wish(story).memory.hurry])
def test_an_answer_whose_acknowledgement_was_lost_is_taken_if_it_was_recorded(answer):
    story = Story()
    story.ledger = ledger = Deaf()
    story.outcome()
    ledger.fails = True

    with pytest.raises(LedgerError, match="never came"):
        answer(story)
    ledger.carried_out = True
    assert answer(story).by == "ana"


def wish(story: Story):
    return hurry(story.ledger, ref("s-1"), by="ana", now=story.now)
