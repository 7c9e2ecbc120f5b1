"""What a ledger makes of the same verdicts, sweep after sweep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reaper.core.facts import ABSENT, IN_USE, Undecidable
from reaper.core.memory import Memory, Snooze, Unreadable
from reaper.core.outcome import Outcome
from reaper.core.policy.model import Guards, Lifted, Stage
from reaper.core.records import PolicyCount, SweepRecord
from reaper.core.report import Mode
from reaper.core.session import Phase, Session
from reaper.sweep.instructions import Sweep
from reaper.sweep.ports import LedgerError, ProviderError, Trouble
from reaper.sweep.run import run
from tests.support.ledgers import MemoryLedger
from tests.support.providers import FakeProvider, Scripted
from tests.support.sessions import DAY, HOUR, MINUTE, NOW, book, policy, ref, session, text

GRACE = 15 * MINUTE
IDLE = text("phase", "idle")
LOOSE = Guards(max_stops=100, max_stop_share=1.0)
KEY = ref().key


class Story:
    """Sweeps, one after another, over sessions that the test changes in between."""

    def __init__(self, *policies, guards=LOOSE, mode=Mode.ENFORCE, **facts):
        self.ledger = MemoryLedger()
        self.book = book(*(policies or (policy("stop", IDLE, name="idle", grace=GRACE),)), guards=guards)
        self.mode, self.now, self.runs = mode, NOW, 0
        self.scripts = [Scripted(session("s-1", **facts))]
        self.broken = {}
        self.told = []
        self.tell_fails = False
        self.stops = []

    def change(self, **facts):
        self.scripts = [
            replace(one, truth=Session(one.truth.ref, replace(one.truth.facts, **facts))) for one in self.scripts
        ]

    def sweep(self, after=0.0, **more):
        self.now += after
        self.runs += 1
        provider = FakeProvider(self.scripts, broken=self.broken)
        report = run(
            Sweep(
                run_id=f"r-{self.runs}",
                mode=self.mode,
                book=self.book,
                providers=[provider],
                counter=provider.calls,
                clock=lambda: self.now,
                ledger=self.ledger,
                tell=self._tell,
                threads=1,
                **more,
            )
        )
        self.stops += provider.stops
        return report

    def outcomes(self, after=0.0, **more):
        return {finding.ref.id: finding.outcome.value for finding in self.sweep(after, **more).findings}

    def outcome(self, after=0.0, **more):
        return self.outcomes(after, **more).get("s-1", "keep")

    def memory(self, name="s-1"):
        memory = self.ledger.recall([ref(name)])[ref(name)]
        assert isinstance(memory, Memory)
        return memory

    def _tell(self, report):
        if self.tell_fails:
            return ("SNS was throttled",)
        self.told += [(finding.ref.id, finding.outcome.value) for finding in report.findings if finding.news]
        return ()


class TestGrace:
    def test_it_warns_first_and_stops_once_the_grace_has_passed(self):
        story = Story()
        assert story.outcome() == "warned"
        assert story.outcome(GRACE - 1) == "warned"
        assert story.outcome(1) == "stopped"
        assert [stop.id for stop in story.stops] == ["s-1"]

    def test_a_use_between_two_sweeps_begins_it_anew(self):
        story = Story()
        assert story.outcome() == "warned"
        story.change(idle_since=NOW + MINUTE)
        assert story.outcome(GRACE) == "warned"
        assert story.outcome(GRACE - 1) == "warned"
        assert story.outcome(1) == "stopped"

    def test_a_sweep_in_which_the_policy_did_not_hold_begins_it_anew(self):
        story = Story()
        assert story.outcome() == "warned"
        story.change(phase=Phase.UNHEALTHY)
        assert story.outcome(5 * MINUTE) == "keep"
        story.change(phase=Phase.IDLE)
        assert story.outcome(5 * MINUTE) == "warned"
        assert story.outcome(GRACE - 1) == "warned"
        assert story.outcome(1) == "stopped"

    def test_a_blind_sweep_begins_it_anew_because_nobody_knows_what_happened(self):
        story = Story()
        assert story.outcome() == "warned"
        scripts, story.scripts = story.scripts, []
        story.broken = {(): ProviderError(Trouble.DENIED, "denied")}
        story.sweep(5 * MINUTE)
        story.scripts, story.broken = scripts, {}
        assert story.outcome(GRACE) == "warned"

    def test_a_missed_sweep_neither_shortens_nor_lengthens_it(self):
        story = Story()
        assert story.outcome() == "warned"
        assert story.outcome(6 * HOUR) == "stopped"

    def test_a_use_between_the_judgement_and_the_stop_begins_it_anew(self):
        story = Story()
        assert story.outcome() == "warned"
        truth = story.scripts[0].truth.facts
        story.scripts[0].later = replace(truth, idle_since=NOW + GRACE - 1)
        assert story.outcome(GRACE) == "spared"
        story.scripts[0] = Scripted(Session(ref("s-1"), story.scripts[0].later))
        assert story.outcome(MINUTE) == "warned"
        assert story.stops == []

    def test_another_policy_begins_its_own(self):
        story = Story(
            policy("stop", text("kind", "a"), name="one", grace=GRACE),
            policy("stop", text("kind", "b"), name="other", grace=GRACE),
            kind="a",
        )
        assert story.outcome() == "warned"
        story.change(kind="b")
        assert story.outcome(GRACE) == "warned"

    def test_a_policy_for_busy_sessions_is_not_reset_by_use(self):
        lifted = policy("stop", text("state", "READY"), name="all", grace=GRACE, even_when=frozenset({Lifted.BUSY}))
        story = Story(lifted, phase=Phase.BUSY, idle_since=IN_USE)
        assert story.outcome() == "warned"
        assert story.outcome(GRACE) == "stopped"

    def test_report_mode_says_what_enforce_mode_would_do(self):
        story = Story(mode=Mode.REPORT)
        assert [story.outcome(), story.outcome(GRACE)] == ["warned", "would_stop"]
        assert story.stops == []

    def test_a_plan_reads_what_is_remembered_and_writes_nothing(self):
        story = Story()
        story.mode = Mode.REPORT
        assert story.outcome(forgetful=True) == "warned"
        assert story.ledger.recall([ref("s-1")]) == {}
        assert story.ledger.sweeps() == ()

    def test_the_warning_names_the_moment_of_the_stop(self):
        assert "2027-01-15 08:15 UTC" in Story().sweep().findings[0].detail


class TestTelling:
    def test_each_change_is_told_once(self):
        story = Story()
        for _ in range(4):
            story.sweep(5 * MINUTE)
        assert story.told == [("s-1", "warned"), ("s-1", "stopped")]

    def test_a_reset_grace_is_a_change(self):
        story = Story()
        story.sweep()
        story.change(idle_since=NOW + MINUTE)
        story.sweep(5 * MINUTE)
        assert story.told == [("s-1", "warned"), ("s-1", "warned")]

    def test_a_report_on_a_session_in_use_does_not_nag(self):
        story = Story(policy("report", text("state", "READY")))
        for minute in range(4):
            story.change(idle_since=NOW + minute * MINUTE)
            story.sweep(MINUTE)
        assert story.told == [("s-1", "reported")]

    def test_a_report_that_lapsed_and_came_back_is_told_again(self):
        story = Story(policy("report", text("kind", "big")), kind="big")
        for kind in ("big", "small", "big"):
            story.change(kind=kind)
            story.sweep(MINUTE)
        assert story.told == [("s-1", "reported"), ("s-1", "reported")]

    def test_a_warning_nobody_heard_is_no_warning(self):
        story = Story()
        story.tell_fails = True
        assert story.outcome() == "warned"
        story.tell_fails = False
        assert story.outcome(GRACE) == "warned"
        assert story.told == [("s-1", "warned")]
        assert story.outcome(GRACE) == "stopped"

    def test_a_short_grace_waits_until_it_is_known_whether_its_warning_was_heard(self):
        story = Story(policy("stop", IDLE, name="idle", grace=5 * MINUTE))
        story.tell_fails = True
        story.sweep()
        story.tell_fails = False
        assert story.outcome(6 * MINUTE) == "warned"
        assert story.stops == []


class TestStages:
    @pytest.mark.parametrize(
        ("stage", "expected"), [(Stage.OBSERVE, "would_stop"), (Stage.WARN, "warned"), (Stage.ENFORCE, "stopped")]
    )
    def test_a_policy_goes_as_far_as_its_stage(self, stage, expected):
        story = Story(policy("stop", IDLE, name="idle", stage=stage))
        assert [story.outcome(), story.outcome(DAY)][0] == expected
        assert bool(story.stops) is (stage is Stage.ENFORCE)

    def test_the_mode_stays_the_upper_bound(self):
        story = Story(policy("stop", IDLE, name="idle", stage=Stage.ENFORCE), mode=Mode.REPORT)
        assert story.outcome() == "would_stop"

    def test_a_proven_policy_is_not_held_back_by_one_that_is_tried(self):
        tried = policy("stop", IDLE, name="new", stage=Stage.OBSERVE)
        assert Story(tried, policy("stop", IDLE, name="old")).outcome() == "stopped"


class TestTrouble:
    @pytest.mark.parametrize("request_name", ["sweeps", "recall", "write"])
    def test_without_its_ledger_nothing_is_stopped_and_that_is_said(self, request_name, mocker):
        story = Story(policy("stop", IDLE, name="now"))
        mocker.patch.object(story.ledger, request_name, side_effect=LedgerError("the table is gone"))
        report = story.sweep()
        assert [finding.outcome.value for finding in report.findings] == ["withheld"]
        assert story.stops == []
        assert "the table is gone" in report.blind[0].error
        assert report.blind[0].key.service == "ledger"

    def test_an_item_of_a_newer_schema_keeps_its_session_and_names_it(self, mocker):
        story = Story(policy("stop", IDLE, name="now"))
        newer = {ref("s-1"): Unreadable(ref("s-1"), "it was written by a newer version (schema 7)")}
        mocker.patch.object(story.ledger, "recall", return_value=newer)
        report = story.sweep()
        assert report.findings[0].outcome.value == "withheld"
        assert "schema 7" in report.findings[0].detail
        assert story.stops == []

    def test_a_clock_that_jumped_back_stops_nothing(self):
        story = Story(policy("stop", IDLE, name="now"), phase=Phase.UNHEALTHY)
        story.sweep()
        story.change(phase=Phase.IDLE)
        report = story.sweep(after=-HOUR)
        assert report.findings[0].outcome.value == "withheld"
        assert "the clock says 2027-01-15 07:00 UTC" in report.blind[0].error

    def test_a_claim_that_could_not_be_written_is_no_claim(self):
        story = Story(policy("stop", IDLE, name="now"))
        original = story.ledger.recall

        def outrun(refs):
            known = original(refs)
            other = Memory(
                ref=ref("s-1"),
                first_matched=NOW,
                last_matched=NOW,
                policy="now",
                held_since=NOW,
                outcome=Outcome.WARNED,
                outcome_since=NOW,
            )
            story.ledger.write([other])
            return known

        story.ledger.recall = outrun
        report = story.sweep()
        assert report.findings[0].outcome.value == "withheld"
        assert story.stops == []

    def test_a_sweep_that_died_while_stopping_keeps_others_from_stopping_it_too(self):
        story = Story(policy("stop", IDLE, name="now"))
        original = story.ledger.write

        class Killed(BaseException):
            pass

        def die_before_the_stop(memories, sweep=None, scopes=()):
            original(memories, sweep, scopes)
            raise Killed

        story.ledger.write = die_before_the_stop
        with pytest.raises(Killed):
            story.sweep()
        story.ledger.write = original
        assert story.outcome(MINUTE) == "withheld"
        assert story.outcome(15 * MINUTE) == "stopped"


class TestSnooze:
    def test_a_snoozed_session_is_left_alone_until_the_snooze_ends(self):
        story = Story(policy("stop", IDLE, name="now", stage=Stage.WARN))
        story.sweep()
        story.book = book(policy("stop", IDLE, name="now"), guards=LOOSE)
        story.ledger.write([replace(story.memory(), snooze=Snooze(until=NOW + HOUR, by="ana", at=NOW))])
        report = story.sweep(MINUTE)
        assert report.findings[0].outcome.value == "snoozed"
        assert "ana until 2027-01-15 09:00 UTC" in report.findings[0].detail
        assert story.outcome(HOUR - MINUTE) == "stopped"


class TestConfirmation:
    def stopped(self):
        story = Story(policy("stop", IDLE, name="now"))
        assert story.outcome() == "stopped"
        return story

    def test_the_next_sweep_confirms_that_it_ended(self):
        story = self.stopped()
        story.scripts = []
        report = story.sweep(MINUTE)
        assert [(finding.ref.id, finding.outcome.value) for finding in report.findings] == [("s-1", "confirmed")]
        assert story.memory().confirmed_at == NOW + MINUTE
        assert story.outcomes(MINUTE) == {}

    def test_ended_sessions_that_are_still_listed_are_confirmed_too(self):
        story = self.stopped()
        story.change(phase=Phase.ENDED, idle_since=ABSENT)
        assert story.outcome(MINUTE) == "confirmed"

    def test_one_that_runs_on_is_not_stopping_and_is_not_stopped_again(self):
        story = self.stopped()
        assert story.outcome(MINUTE) == "stopped"
        report = story.sweep(5 * MINUTE)
        assert report.findings[0].outcome.value == "not_stopping"
        assert report.needs_a_person()
        story.sweep(DAY)
        assert len(story.stops) == 1

    def test_not_stopping_is_told_once(self):
        story = self.stopped()
        for _ in range(4):
            story.sweep(5 * MINUTE)
        assert story.told == [("s-1", "stopped"), ("s-1", "not_stopping")]

    def test_what_cannot_be_seen_is_not_confirmed(self):
        story = self.stopped()
        story.scripts, story.broken = [], {(): ProviderError(Trouble.DENIED, "denied")}
        assert story.outcomes(MINUTE) == {}
        story.broken = {}
        assert story.outcome(MINUTE) == "confirmed"

    def test_a_session_made_anew_under_the_same_id_has_a_life_of_its_own(self):
        story = self.stopped()
        story.scripts = [Scripted(session("s-1", created_at=NOW + MINUTE, idle_since=NOW + MINUTE))]
        assert story.outcome(2 * HOUR) == "stopped"
        assert len(story.stops) == 2


class TestRegret:
    def test_a_session_put_in_place_of_the_stopped_one_is_a_regret_of_its_policy(self):
        story = Story(policy("stop", IDLE, name="now"), tags={"owner": "ana"}, creator="the-team")
        story.sweep()
        owned = {"tags": {"owner": "ana"}, "creator": "the-team"}
        again = session("s-2", created_at=NOW + 4 * MINUTE, phase=Phase.BUSY, idle_since=IN_USE, **owned)
        story.scripts = [Scripted(again)]
        story.sweep(5 * MINUTE)
        story.sweep(5 * MINUTE)
        assert story.memory().regretted_at == NOW + 5 * MINUTE
        counts = story.ledger.scopes([KEY])[KEY].counts
        assert [(one.policy, one.stops, one.regrets) for one in counts] == [("now", 1, 1)]

    @pytest.mark.parametrize(
        "other",
        [
            {"tags": {"owner": "bo"}},
            {"tags": {}},
            {"created_at": NOW - MINUTE},
            {"created_at": NOW + HOUR},
            {"kind": "gluestreaming"},
        ],
    )
    def test_an_unlike_session_is_none(self, other):
        owned = {"tags": {"owner": "ana"}, "creator": "the-team"}
        story = Story(policy("stop", text("id", "s-1"), name="now"), **owned)
        story.sweep()
        story.scripts = [Scripted(session("s-2", **{"created_at": NOW + MINUTE, **owned, **other}))]
        story.sweep(5 * MINUTE)
        assert story.memory().regretted_at is None

    def test_a_policy_regretted_too_often_only_reports_and_says_why(self):
        story = Story(policy("stop", IDLE, name="now"))

        bad = PolicyCount(policy="now", day="2027-01-14", stops=10, regrets=3)
        story.ledger.write((), SweepRecord(run_id="r-0", started_at=NOW - HOUR, finished_at=NOW - HOUR, counts=(bad,)))
        report = story.sweep()
        assert report.findings[0].outcome.value == "reported"
        assert "3 of the last 10 stops of now were regretted" in report.findings[0].detail
        assert story.stops == []

    def test_it_stops_again_once_the_regrets_are_old(self):
        story = Story(policy("stop", IDLE, name="now"))

        bad = PolicyCount(policy="now", day="2026-12-31", stops=10, regrets=3)
        story.ledger.write((), SweepRecord(run_id="r-0", started_at=NOW - DAY, finished_at=NOW - DAY, counts=(bad,)))
        story.sweep()
        assert story.outcome(HOUR) == "stopped"


class TestPopulation:
    def story(self, *counts):
        story = Story(policy("stop", IDLE, name="now"))
        for number, count in enumerate(counts):
            at = NOW - HOUR + number
            story.ledger.write((), SweepRecord(run_id=f"p-{number}", started_at=at, finished_at=at, live={KEY: count}))
        return story

    def test_a_collapsed_listing_is_not_believed_and_withholds_everything(self):
        report = self.story(300, 310, 305).sweep()
        assert report.findings[0].outcome.value == "withheld"
        assert "only 1 live sessions" in report.tripped[0].why
        assert "guards.population_factor" in report.tripped[0].why
        assert report.needs_a_person()

    def test_an_empty_listing_after_hundreds_is_said_although_there_is_nothing_to_withhold(self):
        story = self.story(300, 310, 305)
        story.scripts = []
        assert [one.key for one in story.sweep().tripped] == [KEY]

    def test_a_change_that_lasts_is_believed_after_a_while(self):
        story = self.story(300, 310, 305)
        found = [story.outcome(MINUTE) for _ in range(5)]
        assert found == ["withheld", "withheld", "withheld", "withheld", "stopped"]

    @pytest.mark.parametrize("counts", [(300, 310), (4, 5, 6), (19, 19, 19), (5, 5, 5)])
    def test_little_history_and_small_numbers_trip_nothing(self, counts):
        assert self.story(*counts).outcome() == "stopped"


def test_sessions_that_match_nothing_leave_no_trace():
    story = Story(policy("stop", text("id", "other"), name="other"))
    story.sweep()
    assert story.ledger.recall([ref("s-1")]) == {}


def test_failed_tag_look_ups_withhold_the_others_of_their_scope():

    story = Story(policy("stop", IDLE, name="now"))
    denied = Undecidable("GetTags was denied")
    story.scripts = [Scripted(session(f"s-{number}", tags=denied if number < 2 else {})) for number in range(5)]
    report = story.sweep()
    found = {finding.ref.id: finding.outcome.value for finding in report.findings}
    assert found == {"s-0": "protected", "s-1": "protected", "s-2": "withheld", "s-3": "withheld", "s-4": "withheld"}
    assert "max_tag_failures" in report.tripped[0].why


def test_the_idle_cost_of_one_sweep_is_capped():
    costly = {"price_key": "glue_dpu_hour", "billed_units": 5.0}
    story = Story(policy("stop", IDLE, name="now"), guards=replace(LOOSE, max_idle_cost=19.0), **costly)
    report = story.sweep()
    assert report.findings[0].outcome.value == "withheld"
    assert "19.80 USD" in report.findings[0].detail
