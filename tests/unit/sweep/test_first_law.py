"""It never stops work in progress, and never hides what it could not see: each way in which that was once broken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from reaper.core.facts import ABSENT, IN_USE, Undecidable
from reaper.core.guards import Stops
from reaper.core.memory import Memory
from reaper.core.outcome import Outcome
from reaper.core.policy.model import Guards, Lifted, Stage
from reaper.core.records import PolicyCount, ScopeRecord
from reaper.core.report import Mode
from reaper.core.session import Phase, ScopeKey
from reaper.sweep.answer import hurry
from reaper.sweep.parts import carry_on
from reaper.sweep.ports import ProviderError, Trouble
from reaper.sweep.recheck import FRESH, LOOKS, WHOLE
from tests.support.moving import KEY, Clock, Days, MovingProvider, idle, throttled
from tests.support.sessions import DAY, HOUR, IDLE_FOR_AN_HOUR, MINUTE, NOW, book, policy, text

GRACE = 15 * MINUTE
LOOSE = Guards(max_stops=100, max_stop_share=1.0)
NOW_POLICY = policy("stop", IDLE_FOR_AN_HOUR, name="now")
GRACED = policy("stop", IDLE_FOR_AN_HOUR, name="graced", grace=GRACE)
DENIED = ProviderError(Trouble.DENIED, "glue:ListStatements was denied: grant it to the caller", call="glue:use")


def days(*policies, guards=LOOSE, mode=Mode.ENFORCE, **sessions) -> tuple[Days, MovingProvider]:
    clock = Clock()
    provider = MovingProvider(clock, sessions or {"a": idle()})
    return Days(book(*(policies or (NOW_POLICY,)), guards=guards), provider, clock=clock, mode=mode), provider


def memory_of(story: Days, provider: MovingProvider, name: str = "a") -> Memory:
    memory = story.ledger.recall([provider.ref(name)])[provider.ref(name)]
    assert isinstance(memory, Memory)
    return memory


class TestAPlanThatIsApplied:
    def test_it_stops_nothing_else_once_a_grace_has_passed(self):
        story, world = days(GRACED, a=idle(), b=idle())
        story.sweep()

        found = story.outcomes(after=GRACE, only=frozenset({world.ref("a")}))

        assert found == {"a": "stopped", "b": "withheld"}
        assert [name for name, _ in world.stops] == ["a"]

    def test_nor_what_somebody_wants_stopped_at_once(self):
        story, world = days(GRACED, a=idle(), b=idle())
        story.sweep()
        hurry(story.ledger, world.ref("b"), by="ana", now=story.clock())

        assert story.outcomes(after=MINUTE, only=frozenset({world.ref("a")})) == {"a": "warned", "b": "withheld"}
        assert world.stops == []


class TestAStopThatSomebodyWantsAtOnce:
    def test_the_wish_is_void_once_the_session_was_used_while_it_was_looked_at(self):
        story, world = days(GRACED)
        story.sweep()
        hurry(story.ledger, world.ref("a"), by="ana", now=story.clock())
        world.takes = {"get": 1.0, "use": 1.0}
        story.clock.at(story.clock() + 2.0, lambda: world.is_used("a"))
        assert story.outcomes(after=0.5) == {"a": "spared"}

        assert memory_of(story, world).hurry is None
        assert story.outcomes(after=HOUR) == {"a": "warned"}
        assert world.stops == []


class TestFreshEvidence:
    @pytest.mark.parametrize(
        ("slow", "seconds"), [("tags", 8.0), ("get", 8.0), ("use", 8.0), ("use", 2.5), ("get", 2.5)]
    )
    @pytest.mark.parametrize("begins", [0.5, 1.0, 3.0, 9.0])
    def test_work_that_begins_while_it_is_looked_at_slowly_is_not_stopped(self, slow, seconds, begins):
        story, world = days()
        story.sweep(mode=Mode.REPORT)
        world.takes = {slow: seconds, "list": 1.0}
        story.clock.at(story.clock() + 1.0 + seconds * (slow != "get") + begins, lambda: world.begins_work("a"))

        story.sweep()

        assert world.killed == []

    def test_what_takes_long_to_read_before_the_evidence_makes_it_no_older(self):
        story, world = days()
        world.takes = {"tags": 8.0}

        assert story.outcomes() == {"a": "stopped"}

    @pytest.mark.parametrize("slow", ["get", "use"])
    def test_evidence_that_always_takes_too_long_is_none_and_a_person_should_look(self, slow):
        story, world = days()
        world.takes = {slow: FRESH + 0.1}

        report = story.sweep()

        assert [finding.outcome for finding in report.findings] == [Outcome.UNREAD]
        assert "could not be looked at freshly" in report.findings[0].detail
        assert report.needs_a_person()
        assert world.stops == []
        assert world.counter.counts()["glue:get"] == LOOKS

    def test_what_protects_may_not_be_old_either(self):
        story, world = days()
        world.takes = {"tags": WHOLE + 1}

        [finding] = story.sweep().findings

        assert finding.outcome is Outcome.UNREAD
        assert "looking at it took 31 s, more than 30 s" in finding.detail
        assert world.stops == []

    def test_evidence_as_old_as_the_bound_is_still_evidence(self):
        story, world = days()
        world.takes = {"use": FRESH}

        assert story.outcomes() == {"a": "stopped"}

    @pytest.mark.parametrize("call", ["get", "use", "tags"])
    def test_a_read_that_is_throttled_for_a_moment_is_made_again(self, call):
        story, world = days()
        report = story.sweep(mode=Mode.REPORT)
        assert report.findings[0].outcome is Outcome.WOULD_STOP
        original = world.for_recheck

        def failing():
            world.fails[call] = throttled(2)
            return original()

        world.for_recheck = failing  # type: ignore[method-assign]

        assert story.outcomes() == {"a": "stopped"}

    @pytest.mark.parametrize("call", ["get", "use", "tags"])
    def test_a_read_that_is_denied_right_before_the_stop_is_not_called_waking_up(self, call):
        story, world = days()
        original = world.for_recheck

        def denied():
            world.fails[call] = [ProviderError(Trouble.DENIED, "it was denied") for _ in range(9)]
            return original()

        world.for_recheck = denied  # type: ignore[method-assign]

        report = story.sweep()

        assert [finding.outcome for finding in report.findings] == [Outcome.UNREAD]
        assert report.needs_a_person()
        assert world.stops == []

    def test_a_throttled_stop_is_asked_for_again_after_another_look(self):
        story, world = days()
        world.fails["stop"] = throttled(2)

        assert story.outcomes() == {"a": "stopped"}
        counts = world.counter.counts()
        assert (counts["glue:stop"], counts["glue:get"]) == (3, 3)

    def test_a_throttled_stop_is_not_asked_for_again_once_it_is_used(self):
        story, world = days()
        world.fails["stop"] = throttled(1)
        world.takes["stop"] = 0.1
        original = world.stop

        def stop(ref):
            try:
                return original(ref)
            finally:
                world.begins_work("a")

        world.stop = stop  # type: ignore[method-assign]

        assert story.outcomes() == {"a": "spared"}
        assert (world.stops, world.killed) == ([], [])

    def test_a_stop_that_may_have_been_carried_out_is_not_sent_twice(self):
        story, world = days()
        world.fails["stop"] = [ProviderError(Trouble.SERVER, "it failed on the service's side")]

        assert story.outcomes() == {"a": "failed"}
        assert world.counter.counts()["glue:stop"] == 1


class TestWarnings:
    def test_a_grace_counts_from_when_people_had_been_told(self):
        story, _world = days(GRACED)
        story.telling = 14 * MINUTE
        story.sweep()
        told_at = story.clock()
        story.telling = 0.0

        assert story.outcomes(after=65.0) == {"a": "warned"}
        assert story.outcomes(after=told_at + GRACE - 1 - story.clock()) == {"a": "warned"}
        assert story.outcomes(after=1.0) == {"a": "stopped"}
        assert story.due["a"] is None  # the stop has none; the warning's is below

    def test_the_message_names_the_moment_before_which_nothing_is_stopped(self):
        story, world = days(GRACED)
        world.takes["list"] = 5 * MINUTE
        story.sweep()
        named = story.due["a"] or 0.0
        assert named == NOW + 5 * MINUTE + GRACE

        world.takes = {}
        assert story.outcomes(after=named - 1 - story.clock()) == {"a": "warned"}
        assert story.outcomes(after=1.0) == {"a": "stopped"}

    def test_a_warning_that_said_never_is_no_warning_of_a_stop(self):
        warned = replace(GRACED, stage=Stage.WARN)
        story, _world = days(warned)
        assert story.outcomes() == {"a": "warned"}

        enforced = book(GRACED, guards=LOOSE)
        assert story.outcomes(after=DAY, book=enforced) == {"a": "warned"}
        assert story.told == [("a", "warned"), ("a", "warned")]
        assert story.outcomes(after=GRACE - 1, book=enforced) == {"a": "warned"}
        assert story.outcomes(after=1, book=enforced) == {"a": "stopped"}

    def test_a_warning_of_a_sweep_that_only_reports_is_none_either(self):
        story, _world = days(GRACED, mode=Mode.REPORT)
        assert story.outcomes() == {"a": "warned"}

        assert story.outcomes(after=DAY, mode=Mode.ENFORCE) == {"a": "warned"}
        assert story.outcomes(after=GRACE, mode=Mode.ENFORCE) == {"a": "stopped"}

    @pytest.mark.parametrize("grace", [MINUTE, None])
    def test_a_grace_that_is_shortened_brings_no_stop_forward(self, grace):
        story, _world = days(GRACED)
        story.sweep()
        shorter = book(replace(GRACED, grace=grace), guards=LOOSE)

        assert story.outcomes(after=GRACE - 1, book=shorter) == {"a": "warned"}
        assert story.outcomes(after=1, book=shorter) == {"a": "stopped"}

    def test_a_grace_that_is_lengthened_lasts(self):
        story, _world = days(GRACED)
        story.sweep()
        longer = book(replace(GRACED, grace=HOUR), guards=LOOSE)

        assert story.outcomes(after=HOUR - 1, book=longer) == {"a": "warned"}
        assert story.outcomes(after=1, book=longer) == {"a": "stopped"}

    def test_another_policy_without_a_grace_keeps_what_was_promised(self):
        story, _world = days(GRACED)
        story.sweep()
        other = book(policy("stop", IDLE_FOR_AN_HOUR, name="other"), guards=LOOSE)

        assert story.outcomes(after=GRACE - 1, book=other) == {"a": "warned"}
        assert story.outcomes(after=1, book=other) == {"a": "stopped"}

    def test_what_was_promised_binds_although_the_policy_was_changed_and_changed_back_meanwhile(self):
        story, _ = days(policy("stop", IDLE_FOR_AN_HOUR, name="slow", grace=4 * HOUR))
        story.sweep()
        nothing = book(policy("report", text("id", "another"), name="none"))
        at_once = book(NOW_POLICY, guards=LOOSE)

        assert story.outcomes(after=HOUR, book=nothing) == {}
        assert story.outcomes(after=HOUR, book=at_once) == {"a": "warned"}
        assert story.outcomes(after=2 * HOUR - 1, book=at_once) == {"a": "warned"}
        assert story.outcomes(after=1, book=at_once) == {"a": "stopped"}

    def test_and_although_people_were_told_later_that_nothing_is_stopped(self):
        story, _ = days(policy("stop", IDLE_FOR_AN_HOUR, name="slow", grace=4 * HOUR))
        story.sweep()
        only_warns = book(policy("stop", IDLE_FOR_AN_HOUR, name="slow", grace=HOUR, stage=Stage.WARN), guards=LOOSE)
        at_once = book(NOW_POLICY, guards=LOOSE)

        assert story.outcomes(after=HOUR, book=only_warns) == {"a": "warned"}
        assert story.outcomes(after=3 * HOUR - 1, book=at_once) == {"a": "warned"}
        assert story.outcomes(after=1, book=at_once) == {"a": "stopped"}

    def test_a_later_moment_that_people_were_told_of_the_same_warning_binds_too(self):
        story, _ = days(GRACED)
        story.sweep()
        longer = book(replace(GRACED, grace=4 * HOUR), guards=LOOSE)
        at_once = book(NOW_POLICY, guards=LOOSE)

        assert story.outcomes(after=MINUTE, book=longer) == {"a": "warned"}
        assert story.outcomes(after=HOUR, book=at_once) == {"a": "warned"}
        assert story.outcomes(after=3 * HOUR, book=at_once) == {"a": "stopped"}

    def test_and_although_the_sweep_that_said_it_anew_was_killed_before_it_could(self):
        story, world = days(policy("stop", IDLE_FOR_AN_HOUR, name="slow", grace=4 * HOUR))
        story.sweep()
        at_once = book(NOW_POLICY, guards=LOOSE)

        def killed(_report):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            story.sweep(after=HOUR, book=at_once, tell=killed)

        assert story.outcomes(after=HOUR, book=at_once) == {"a": "warned"}
        assert world.stops == []
        assert story.outcomes(after=2 * HOUR, book=at_once) == {"a": "stopped"}

    def test_not_knowing_whether_it_was_used_is_not_knowing_that_it_was_not(self):
        story, world = days(GRACED)
        story.sweep()
        idle_as_before = world.sessions["a"]
        world.sessions["a"] = replace(idle_as_before, idle_since=Undecidable("it does not say"))
        story.sweep(after=5 * MINUTE)
        world.sessions["a"] = idle_as_before

        assert story.outcomes(after=GRACE) == {"a": "warned"}

    def test_nor_is_it_right_before_the_stop(self):
        always = policy("stop", text("state", "READY"), name="always", grace=GRACE)
        story, world = days(always)
        story.sweep()
        original = world.for_recheck

        def doubtful():
            world.sessions["a"] = replace(world.sessions["a"], idle_since=Undecidable("it does not say"))
            return original()

        world.for_recheck = doubtful  # type: ignore[method-assign]

        assert story.outcomes(after=GRACE) == {"a": "spared"}
        assert memory_of(story, world).promise is None

    def test_a_policy_for_what_cannot_be_known_is_not_reset_by_not_knowing(self):
        lifted = policy(
            "stop", text("state", "READY"), name="old", grace=GRACE, even_when=frozenset({Lifted.UNDECIDABLE})
        )
        doubt = Undecidable("there is no evidence")
        story, _world = days(lifted, a=idle(phase=doubt, idle_since=doubt))

        assert [story.outcomes(), story.outcomes(after=GRACE)] == [{"a": "warned"}, {"a": "stopped"}]


class TestWhatGuardsAddUp:
    COSTLY: ClassVar = {"price_key": "glue_dpu_hour", "billed_units": 10.0}

    def test_idle_cost_counts_in_all_parts_of_a_sweep_together(self):
        story, _ = days(guards=replace(LOOSE, max_idle_cost=50.0), a=idle(**self.COSTLY), b=idle(**self.COSTLY))
        first = story.sweep()
        assert {finding.outcome for finding in first.findings} == {Outcome.WITHHELD}  # 39.60 USD each

        alone, _world = days(guards=replace(LOOSE, max_idle_cost=50.0), b=idle(**self.COSTLY))
        earlier = replace(carry_on(first, None), stops={KEY: Stops(1, 39.6)}, unfinished=first.unfinished)
        earlier = replace(earlier, unfinished=replace(earlier.unfinished, listings=((KEY, ()),)))
        report = alone.sweep(earlier=earlier)

        assert [finding.outcome for finding in report.findings] == [Outcome.WITHHELD]
        assert "max_idle_cost" in report.tripped[0].why

    def test_what_a_part_sent_is_told_to_the_next_with_its_cost(self):
        story, _world = days(a=idle(**self.COSTLY))
        report = story.sweep()

        stops = carry_on(report, None).stops
        assert stops.keys() == {KEY}
        assert (stops[KEY].count, stops[KEY].idle_cost) == (1, pytest.approx(39.6, abs=0.1))

    def test_and_by_every_part_with_those_before_it(self):
        story, _world = days(a=idle(**self.COSTLY))
        report = story.sweep()
        before = replace(carry_on(report, None), stops={KEY: Stops(2, 10.0)})

        stops = carry_on(report, before).stops[KEY]
        assert (stops.count, stops.idle_cost) == (3, pytest.approx(49.6, abs=0.1))

    def test_stops_that_are_no_news_count_against_the_caps_too(self):
        story, world = days(a=idle())
        world.fails["stop"] = [ProviderError(Trouble.SERVER, "it failed") for _ in range(2)]
        story.sweep()
        report = story.sweep(after=HOUR)

        assert [(finding.outcome, finding.news) for finding in report.findings] == [(Outcome.FAILED, False)]
        assert carry_on(report, None).stops[KEY].count == 1

    def test_failed_look_ups_of_earlier_parts_count(self):
        story, _world = days(a=idle())
        earlier = replace(carry_on(story.sweep(mode=Mode.REPORT), None), evidence_lookups={KEY: (9, 5)})
        earlier = replace(earlier, stops={}, unfinished=replace(earlier.unfinished, listings=((KEY, ()),)))

        report = story.sweep(earlier=earlier)

        assert [finding.outcome for finding in report.findings] == [Outcome.WITHHELD]
        assert "5 of 10 sessions" in report.tripped[0].why


class TestClaims:
    def test_one_is_dated_when_it_is_written(self):
        story, world = days()
        world.takes = {"list": 20 * MINUTE}
        claims = []
        original = story.ledger.write

        def write(memories, sweep=None, scopes=()):
            claims.extend(memory.claim.at for memory in memories if memory.claim)
            return original(memories, sweep, scopes)

        story.ledger.write = write  # type: ignore[method-assign]
        story.sweep()

        assert claims == [NOW + 20 * MINUTE]

    def test_two_sweeps_that_overlap_never_both_stop_a_session(self):
        story, world = days()
        world.takes = {"list": 16 * MINUTE}
        overlapped = []
        original = world.for_recheck

        def meanwhile():
            if not overlapped:
                overlapped.append(True)
                overlapped.append(story.outcomes())
            return original()

        world.for_recheck = meanwhile  # type: ignore[method-assign]

        story.sweep()
        assert len(world.stops) <= 1

        world.takes = {}
        story.sweep(after=HOUR)
        assert len(world.stops) == 1


class TestWhatCannotBeRead:
    def test_evidence_that_is_denied_everywhere_is_blind_once_and_a_person_should_look(self):
        names = [f"s-{number}" for number in range(10)]
        many: dict[str, Any] = {name: idle() for name in names}
        story, world = days(**many)
        for _ in range(2):
            world.fails["use"] = [ProviderError(Trouble.DENIED, "denied") for _ in range(10)]
            report = story.sweep(after=HOUR)

            assert {finding.outcome for finding in report.findings} == {Outcome.UNDETERMINED}
            assert [(one.key, one.sessions, one.error) for one in report.blind] == [
                (KEY, 10, "10 sessions could not be looked at: glue:use is denied: grant it to the caller")
            ]
            assert ["max_evidence_failures" in one.why for one in report.tripped] == [True]
            assert report.needs_a_person()

    def test_where_much_of_it_cannot_be_read_the_rest_is_not_trusted(self):
        story, world = days(a=idle(), b=idle(), c=idle(), d=idle(), e=idle())
        world.fails["use"] = throttled(2)
        report = story.sweep()

        assert sorted(finding.outcome.value for finding in report.findings) == [
            "undetermined", "undetermined", "withheld", "withheld", "withheld"
        ]  # fmt: skip
        assert world.stops == []

    def test_one_that_cannot_be_read_is_about_that_one(self):
        story, world = days(a=idle(), b=idle(), c=idle(), d=idle(), e=idle())
        world.fails["use"] = throttled(1)

        assert sorted(story.outcomes().values()) == ["stopped"] * 4 + ["undetermined"]

    def test_blind_look_ups_do_not_make_a_listing_incomplete(self):
        story, world = days(a=idle(), b=idle())
        story.sweep()
        world.sessions["c"] = idle()
        world.fails["use"] = throttled(1)

        found = story.outcomes(after=10 * MINUTE)

        assert (found["a"], found["b"], found["c"]) == ("confirmed", "confirmed", "undetermined")

    def test_a_session_that_goes_between_the_list_and_its_tags_is_left_out(self):
        story, world = days(a=idle(), b=idle())
        missing = ProviderError(Trouble.MISSING, "no such session")
        world.fails["tags"] = [missing]
        original = world.reread

        def reread(ref):
            return None if ref.id == "a" and not world.rechecking else original(ref)

        world.reread = reread  # type: ignore[method-assign]

        report = story.sweep()

        assert {finding.ref.id: finding.outcome.value for finding in report.findings} == {"b": "stopped"}
        assert report.blind == ()


class TestRegrets:
    OWNED: ClassVar = {"tags": {"owner": "ana"}, "creator": "the-team", "kind": "glueetl"}

    def regret(self, story: Days, world: MovingProvider, **changed) -> None:
        created = story.clock() + 5 * MINUTE
        world.sessions["b"] = idle(since=created, created=created, **{**self.OWNED, **changed})

    def test_one_that_is_back_within_minutes_is_seen_by_an_hourly_sweep(self):
        story, world = days(a=idle(**self.OWNED))
        story.sweep()
        self.regret(story, world)

        story.sweep(after=HOUR)

        assert memory_of(story, world).regretted_at == story.clock()

    def test_a_busy_team_that_shares_a_role_regrets_nothing(self):
        nobody = {"tags": {}, "creator": "the-team", "kind": "glueetl"}
        story, world = days(a=idle(**nobody))
        story.sweep()
        self.regret(story, world, **nobody)
        world.sessions["c"] = idle(since=NOW + MINUTE, created=NOW + MINUTE, **{**nobody, "tags": {"owner": "bo"}})

        story.sweep(after=10 * MINUTE)

        assert memory_of(story, world).regretted_at is None

    def test_a_name_tells_who_it_is_where_no_tag_does(self):
        named = {"tags": {}, "creator": "the-team", "kind": "glueetl", "name": "nightly"}
        story, world = days(a=idle(**named))
        story.sweep()
        self.regret(story, world, **named)

        story.sweep(after=HOUR)

        assert memory_of(story, world).regretted_at is not None

    def test_a_policy_that_fell_back_is_loud_and_says_how_to_release_it(self):
        story, _world = days()
        bad = PolicyCount(policy="now", day="2027-01-14", stops=10, regrets=3)
        story.ledger.write((), None, [ScopeRecord(key=KEY, swept_at=NOW - HOUR, counts=(bad,))])

        report = story.sweep()

        assert [finding.outcome for finding in report.findings] == [Outcome.REPORTED]
        assert [one.key for one in report.tripped] == [KEY]
        for way in ("give it a new name", "guards.max_regret_share", "14 days"):
            assert way in report.tripped[0].why
        assert report.needs_a_person()

    def test_it_does_not_stand_before_a_policy_that_is_sound(self):
        story, _world = days(NOW_POLICY, policy("stop", IDLE_FOR_AN_HOUR, name="sound"))
        bad = PolicyCount(policy="now", day="2027-01-14", stops=10, regrets=3)
        story.ledger.write((), None, [ScopeRecord(key=KEY, swept_at=NOW - HOUR, counts=(bad,))])

        report = story.sweep()

        assert [(one.outcome, one.verdict.policy) for one in report.findings] == [(Outcome.STOPPED, "sound")]

    def test_nor_can_it_stop_at_the_look_right_before_the_stop(self):
        fallen = policy("stop", text("kind", "b"), name="fallen")
        sound = policy("stop", text("kind", "a"), name="sound")
        story, world = days(fallen, sound, a=idle(kind="a"))
        bad = PolicyCount(policy="fallen", day="2027-01-14", stops=10, regrets=3)
        story.ledger.write((), None, [ScopeRecord(key=KEY, swept_at=NOW - HOUR, counts=(bad,))])
        original = world.for_recheck

        def changes():
            world.sessions["a"] = replace(world.sessions["a"], kind="b")
            return original()

        world.for_recheck = changes  # type: ignore[method-assign]

        assert story.outcomes() == {"a": "spared"}
        assert world.stops == []


class TestAnotherPolicyAtTheLook:
    """What holds of the policy that stopped at the plan says nothing of one that wants it right before the stop."""

    @pytest.mark.parametrize(
        "other",
        [
            policy("stop", text("kind", "b"), name="other", grace=GRACE),
            policy("stop", text("kind", "b"), name="other", stage=Stage.WARN),
            policy("stop", text("kind", "b"), name="other", stage=Stage.OBSERVE),
            policy("report", text("kind", "b"), name="other"),
            policy("protect", text("kind", "b"), name="other"),
        ],
        ids=["grace", "warn", "observe", "report", "protect"],
    )
    def test_its_grace_its_stage_and_what_it_wants_count(self, other):
        story, world = days(policy("stop", text("kind", "a"), name="first"), other, a=idle(kind="a"))
        original = world.for_recheck

        def changes():
            world.sessions["a"] = replace(world.sessions["a"], kind="b")
            return original()

        world.for_recheck = changes  # type: ignore[method-assign]

        assert story.outcomes() == {"a": "spared"}
        assert world.stops == []

    def test_a_stop_of_another_that_is_immediate_is_made(self):
        story, world = days(
            policy("stop", text("kind", "a"), name="first"),
            policy("stop", text("kind", "b"), name="other"),
            a=idle(kind="a"),
        )
        original = world.for_recheck

        def changes():
            world.sessions["a"] = replace(world.sessions["a"], kind="b")
            return original()

        world.for_recheck = changes  # type: ignore[method-assign]

        report = story.sweep()
        assert [(one.outcome, one.verdict.policy) for one in report.findings] == [(Outcome.STOPPED, "other")]


class TestOtherSweepsInBetween:
    ELSEWHERE = ScopeKey("glue", "111122223333", "us-east-1")

    def test_a_grace_elapses_however_many_other_regions_are_swept(self):
        story, _world = days(GRACED)
        there = MovingProvider(story.clock, {"x": idle()}, key=self.ELSEWHERE)
        story.sweep()
        for _ in range(30):
            story.sweep(after=20, providers=[there], mode=Mode.REPORT)

        assert story.outcomes(after=GRACE) == {"a": "stopped"}

    def test_the_usual_population_is_known_however_many_are(self):
        many: dict[str, Any] = {f"s-{number}": idle() for number in range(200)}
        story, world = days(policy("stop", text("id", "s-0"), name="one"), **many)
        for _ in range(3):
            story.sweep(after=MINUTE, mode=Mode.REPORT)
        there = MovingProvider(story.clock, {"x": idle()}, key=self.ELSEWHERE)
        for _ in range(30):
            story.sweep(after=MINUTE, providers=[there], mode=Mode.REPORT)
        world.sessions = {"s-0": idle()}

        report = story.sweep(after=MINUTE)

        assert [finding.outcome for finding in report.findings] == [Outcome.WITHHELD]
        assert "population" in report.tripped[0].why


class TestReusedIds:
    def test_one_made_anew_before_the_sweep_has_ended_is_another_session(self):
        story, world = days(a=idle(), b=idle())
        original = world.stop

        def stop(ref):
            result = original(ref)
            story.clock.passes(MINUTE)
            if ref.id == "a":
                world.sessions["a"] = idle(since=story.clock(), created=story.clock())
            return result

        world.stop = stop  # type: ignore[method-assign]
        story.sweep()
        story.clock.passes(DAY)

        assert story.outcomes() == {"a": "stopped", "b": "confirmed"}
        assert [name for name, _ in world.stops] == ["a", "b", "a"]

    def test_nobody_was_told_anything_of_one_made_anew(self):
        story, world = days(policy("stop", IDLE_FOR_AN_HOUR, name="slow", grace=DAY))
        story.sweep()
        world.sessions["a"] = idle(since=NOW + MINUTE, created=NOW + MINUTE)

        assert story.outcomes(after=2 * HOUR, book=book(NOW_POLICY, guards=LOOSE)) == {"a": "stopped"}

    def test_its_second_stop_is_waited_for_like_its_first(self):
        story, world = days()
        story.sweep()
        world.sessions["a"] = idle(since=NOW + MINUTE, created=NOW + MINUTE)
        story.sweep(after=DAY)
        assert len(world.stops) == 2
        world.sessions["a"] = idle(since=NOW + MINUTE, created=NOW + MINUTE)

        assert story.outcomes(after=MINUTE) == {"a": "stopped"}
        assert story.outcomes(after=HOUR) == {"a": "not_stopping"}
        assert len(world.stops) == 2


class TestNews:
    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (None, "stopped"),
            ({"stop": [ProviderError(Trouble.DENIED, "denied")]}, "failed"),
            ({"get": [ProviderError(Trouble.DENIED, "denied")]}, "unread"),
        ],
    )
    def test_what_becomes_of_the_first_real_stop_after_report_mode_is_told(self, fault, expected):
        story, world = days(mode=Mode.REPORT)
        for _ in range(3):
            story.sweep(after=HOUR)
        assert story.told == [("a", "would_stop")]
        world.fails = fault or {}

        report = story.sweep(after=HOUR, mode=Mode.ENFORCE)

        assert [(finding.outcome.value, finding.news) for finding in report.findings] == [(expected, True)]
        assert story.told[-1] == ("a", expected)

    @pytest.mark.parametrize("ending", ["spared", "already_gone"])
    def test_so_is_one_that_was_not_made_after_all(self, ending):
        story, world = days(mode=Mode.REPORT)
        story.sweep()
        original = world.for_recheck

        def changes():
            if ending == "spared":
                world.begins_work("a")
            else:
                world.sessions["a"] = replace(world.sessions["a"], phase=Phase.ENDED, idle_since=ABSENT)
            return original()

        world.for_recheck = changes  # type: ignore[method-assign]

        story.sweep(after=HOUR, mode=Mode.ENFORCE)

        assert story.told == [("a", "would_stop"), ("a", ending)]

    def test_and_the_first_stop_of_a_policy_that_only_observed(self):
        story, _world = days(replace(NOW_POLICY, stage=Stage.OBSERVE))
        story.sweep()
        story.sweep(after=HOUR, book=book(NOW_POLICY, guards=LOOSE))

        assert story.told == [("a", "would_stop"), ("a", "stopped")]

    def test_what_nobody_was_told_because_the_sweep_was_killed_is_told_again(self):
        story, _world = days(policy("report", text("state", "READY")))

        class Killed(BaseException):
            pass

        def killed(_report):
            raise Killed

        original, story._tell = story._tell, killed  # type: ignore[method-assign]
        with pytest.raises(Killed):
            story.sweep()
        story._tell = original  # type: ignore[method-assign]

        story.sweep(after=5 * MINUTE)
        assert story.told == []  # it may still be telling
        story.sweep(after=15 * MINUTE)
        story.sweep(after=15 * MINUTE)
        assert story.told == [("a", "reported")]


def test_an_open_stop_at_once_is_asked_about_though_one_with_a_grace_holds():
    graced = policy(
        "stop",
        text("state", "READY"),
        name="graced",
        grace=GRACE,
        even_when=frozenset({Lifted.BUSY, Lifted.UNDECIDABLE}),
    )
    story, _world = days(graced, NOW_POLICY, a=idle())

    report = story.sweep()

    assert [(one.outcome, one.verdict.policy) for one in report.findings] == [(Outcome.STOPPED, "now")]


def test_a_session_in_use_is_never_stopped_by_a_policy_that_lifts_something_else():
    lifted = policy(
        "stop", text("state", "READY"), name="odd", even_when=frozenset({Lifted.STARTING, Lifted.UNHEALTHY})
    )
    story, world = days(lifted, a=idle(phase=Phase.BUSY, idle_since=IN_USE))

    assert story.outcomes() == {}
    assert world.stops == []
