"""Which verdict which facts lead to. Each row is one sentence of the policy's contract."""

from __future__ import annotations

import pytest

from reaper.core.facts import ABSENT, IN_USE, NOT_ASKED, Undecidable
from reaper.core.judge import Needs, VerdictKind, judge
from reaper.core.policy.model import (
    AnyOf,
    Compare,
    FactRef,
    Lifted,
    Not,
    Operator,
    Presence,
    TagPresence,
    TagTest,
)
from reaper.core.session import Phase
from tests.support.sessions import (
    DAY,
    HOUR,
    IDLE_FOR_AN_HOUR,
    MINUTE,
    NOW,
    book,
    every,
    policy,
    protect_env,
    session,
    text,
    verdict_on,
)

DENIED = Undecidable("ListStatements was denied")
NO_TAGS = Undecidable("GetTags was denied")
OLD = Compare("age", Operator.GREATER, 8 * HOUR)
TRUE = text("service", "glue")


def kind(*arguments, **named):
    return verdict_on(*arguments, **named).kind.value


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (session(idle=2 * HOUR), "stop"),
        (session(idle=HOUR), "stop"),
        (session(idle=HOUR - 1), "keep"),
        (session(phase=Phase.BUSY, idle_since=IN_USE), "keep"),
        (session(idle_since=DENIED, phase=DENIED), "undetermined"),
        (session(idle_since=ABSENT, phase=Phase.STOPPING), "keep"),
        (session(phase=Phase.ENDED), "keep"),
        (session(phase=Phase.UNKNOWN), "undetermined"),
        (session(idle_since=NOW + HOUR), "keep"),
        (session(created_at=Undecidable("it was not told")), "undetermined"),
    ],
)
def test_a_session_is_stopped_only_when_it_is_known_to_be_idle_for_long_enough(subject, expected):
    assert kind(subject, policy()) == expected


@pytest.mark.parametrize(
    ("phase", "even_when", "expected"),
    [
        (Phase.IDLE, set(), "stop"),
        (Phase.BUSY, set(), "keep"),
        (Phase.STARTING, set(), "keep"),
        (Phase.UNHEALTHY, set(), "keep"),
        (Phase.STOPPING, set(), "keep"),
        (DENIED, set(), "undetermined"),
        (Phase.UNKNOWN, set(), "undetermined"),
        (Phase.BUSY, {Lifted.BUSY}, "stop"),
        (Phase.STARTING, {Lifted.BUSY}, "keep"),
        (Phase.STARTING, {Lifted.STARTING}, "stop"),
        (Phase.UNHEALTHY, {Lifted.UNHEALTHY}, "stop"),
        (DENIED, {Lifted.UNDECIDABLE}, "stop"),
        (Phase.UNKNOWN, {Lifted.UNDECIDABLE}, "stop"),
        (DENIED, {Lifted.BUSY}, "undetermined"),
        (Phase.BUSY, {Lifted.UNDECIDABLE}, "keep"),
        (Phase.STOPPING, set(Lifted), "keep"),
    ],
)
def test_the_floor_under_every_stop_is_lifted_only_by_name(phase, even_when, expected):
    assert kind(session(phase=phase), policy("stop", OLD, even_when=frozenset(even_when))) == expected


def test_a_report_has_no_floor():
    assert kind(session(phase=Phase.BUSY, idle_since=IN_USE), policy("report", OLD)) == "report"


def test_even_when_undecidable_lifts_the_phase_and_not_the_condition():
    lifted = policy(even_when=frozenset({Lifted.UNDECIDABLE}))
    assert kind(session(phase=DENIED, idle_since=DENIED), lifted) == "undetermined"


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        (("report", "stop", "protect"), "protect"),
        (("report", "stop"), "stop"),
        (("report",), "report"),
        (("protect",), "keep"),
        ((), "keep"),
    ],
)
def test_protect_beats_stop_beats_report_and_shows_only_where_something_else_applies(policies, expected):
    assert kind(session(), *(policy(then, TRUE) for then in policies)) == expected


UNDECIDED = text("kind", "glueetl")
DOUBTFUL = session(kind=Undecidable("the kind is not told"))


@pytest.mark.parametrize(
    ("policies", "expected", "detail"),
    [
        ((policy("stop", UNDECIDED), policy("report", TRUE)), "report", "the kind is not told"),
        ((policy("stop", UNDECIDED),), "undetermined", "the kind is not told"),
        ((policy("report", UNDECIDED),), "undetermined", "the kind is not told"),
        ((policy("stop", TRUE), policy("report", UNDECIDED)), "stop", ""),
        ((policy("stop", TRUE), policy("protect", UNDECIDED)), "protect", "the kind is not told"),
        ((policy("report", TRUE), policy("protect", UNDECIDED)), "protect", "the kind is not told"),
        ((policy("stop", UNDECIDED), policy("protect", TRUE)), "undetermined", "the kind is not told"),
    ],
)
def test_what_cannot_be_decided_never_stops_and_is_told(policies, expected, detail):
    verdict = verdict_on(DOUBTFUL, *policies)
    assert (verdict.kind.value, detail in verdict.detail) == (expected, True)


TAGGED = session(tags={"env": "prod-eu", "team": "red"})


@pytest.mark.parametrize(
    ("condition", "subject", "holds"),
    [
        (TagTest("env", ("prod*",)), TAGGED, True),
        (TagTest("env", ("Prod*",)), TAGGED, False),
        (TagTest("env", ("dev", "prod-??")), TAGGED, True),
        (TagTest("env", ("prod-?",)), TAGGED, False),
        (TagTest("owner", ("*",)), TAGGED, False),
        (Not(TagTest("owner", ("red",))), TAGGED, True),
        (TagPresence("team", present=True), TAGGED, True),
        (TagPresence("team", present=False), TAGGED, False),
        (TagPresence("owner", present=False), TAGGED, True),
        (Presence("tags", present=True), TAGGED, True),
        (Presence("tags", present=False), session(), True),
        (Presence("idle_timeout", present=False), session(idle_timeout=ABSENT), True),
        (Presence("idle_timeout", present=True), session(idle_timeout=7200.0), True),
        (Compare("idle_timeout", Operator.GREATER, HOUR), session(idle_timeout=ABSENT), False),
        (Not(Compare("idle_timeout", Operator.EQUAL, HOUR)), session(idle_timeout=ABSENT), True),
        (Compare("idle_for", Operator.GREATER, FactRef("idle_timeout")), session(idle_timeout=2 * HOUR), True),
        (Compare("idle_for", Operator.GREATER, FactRef("idle_timeout")), session(idle_timeout=9 * HOUR), False),
        (Compare("idle_for", Operator.GREATER, FactRef("idle_timeout")), session(idle_timeout=ABSENT), False),
        (text("workgroup", "science"), session(scope=(("workgroup", "science"),)), True),
        (text("workgroup", "science"), session(), False),
        (text("id", "s[1]"), session("s1"), False),
        (text("id", "s.1*"), session("sx1"), False),
        (text("name", "a*b"), session(name="a\nb"), True),
        (AnyOf((text("id", "x"), text("id", "s-1"))), session(), True),
        (every(text("id", "x"), text("id", "s-1")), session(), False),
        (Compare("hourly_cost", Operator.GREATER, 2.0), session(price_key="glue_dpu_hour", billed_units=5.0), True),
        (Compare("idle_cost", Operator.GREATER, 19.7), session(price_key="glue_dpu_hour", billed_units=5.0), True),
        (Compare("idle_cost", Operator.GREATER, 19.9), session(price_key="glue_dpu_hour", billed_units=5.0), False),
        (Presence("hourly_cost", present=False), session(), True),
        (text("owner", "ana"), session(tags={"Owner": "ana"}, creator="role/x"), True),
        (text("owner", "ana"), session(tags={"session-reaper/owner": "bo", "Owner": "ana"}), False),
        (text("owner", "role"), session(creator="role"), True),
        (text("phase", "idle", "busy"), session(), True),
        (Compare("dpus", Operator.AT_MOST, 5.0), session(dpus=5.0), True),
        (Compare("dpus", Operator.LESS, 5.0), session(dpus=5.0), False),
        (Compare("dpus", Operator.LESS, 5.0), session(dpus=4.9), True),
        (Compare("idle_for", Operator.LESS, HOUR), session(phase=Phase.BUSY, idle_since=IN_USE), True),
    ],
)
def test_a_condition_holds_as_the_grammar_says(condition, subject, holds):
    assert kind(subject, policy("report", condition)) == ("report" if holds else "keep")


@pytest.mark.parametrize(
    "condition",
    [
        text("phase", "unknown"),
        Not(text("phase", "idle")),
        Not(text("phase", "unknown")),
        text("phase", "*"),
        Presence("phase", present=True),
    ],
)
def test_an_unknown_phase_neither_equals_nor_differs_from_anything(condition):
    assert kind(session(phase=Phase.UNKNOWN, state="HIBERNATING"), policy("report", condition)) == "undetermined"


def test_a_false_term_decides_whatever_else_is_undecidable():
    impossible = every(text("id", "other"), text("kind", "glueetl"))
    assert kind(DOUBTFUL, policy("stop", impossible)) == "keep"


class TestWhatIsAsked:
    """Nothing is asked that the verdict does not need."""

    LISTED = session(phase=NOT_ASKED, idle_since=NOT_ASKED, tags=NOT_ASKED)

    def asks(self, subject, *policies):
        answer = judge(book(*policies), subject, NOW)
        return set(answer.fields) if isinstance(answer, Needs) else answer.kind.value

    def test_only_the_evidence_of_use_is_asked_first(self):
        assert self.asks(self.LISTED, policy()) == {"phase", "idle_since"}

    def test_a_session_younger_than_the_idle_time_wanted_is_not_asked_about(self):
        young = session(age=59 * MINUTE, phase=NOT_ASKED, idle_since=NOT_ASKED, tags=NOT_ASKED)
        assert self.asks(young, policy()) == "keep"

    def test_a_busy_session_is_not_asked_for_its_tags(self):
        busy = session(phase=Phase.BUSY, idle_since=IN_USE, tags=NOT_ASKED)
        assert self.asks(busy, policy(), protect_env("prod*")) == "keep"

    def test_tags_are_asked_of_a_session_that_would_be_stopped(self):
        assert self.asks(session(tags=NOT_ASKED), policy()) == {"tags"}

    def test_tags_are_not_asked_of_a_session_that_would_be_reported(self):
        assert self.asks(session(tags=NOT_ASKED), policy("report")) == "report"

    def test_a_false_free_term_spares_the_call(self):
        assert self.asks(self.LISTED, policy("stop", every(IDLE_FOR_AN_HOUR, text("id", "other")))) == "keep"

    def test_another_services_policy_asks_nothing(self):
        assert self.asks(self.LISTED, policy(services=frozenset({"athena"}))) == "keep"

    def test_a_protection_that_is_already_certain_asks_nothing_more(self):
        by_id = policy("protect", text("id", "s-1"), name="by-id")
        assert self.asks(session(tags=NOT_ASKED), policy(), protect_env("prod*"), by_id) == "protect"


PIN = "session-reaper/keep-until"


@pytest.mark.parametrize(
    ("value", "expected", "words"),
    [
        ("2027-01-16", "protect", "kept until 2027-01-16"),
        ("2027-01-15", "protect", "kept until 2027-01-15"),
        ("2027-01-14", "stop", "has passed"),
        ("2027-01-15T08:00:01Z", "protect", "kept until"),
        ("2027-01-15T07:59:59Z", "stop", "has passed"),
        ("2027-01-15t09:30:00+02:00", "stop", "has passed"),
        ("2027-01-15T10:30:00+02:00", "protect", "kept until"),
        ("2027-01-15T10:30:00", "protect", "neither an RFC 3339 date nor a date-time"),
        ("2027-13-01", "protect", "neither"),
        ("2027-W02", "protect", "neither"),
        ("20270101", "protect", "neither"),
        ("next friday", "protect", "neither"),
        ("", "protect", "neither"),
        ("9999-12-31", "protect", ""),
    ],
)
def test_keep_until_protects_till_then_and_protects_when_it_makes_no_sense(value, expected, words):
    verdict = verdict_on(session(tags={PIN: value}), policy())
    assert (verdict.kind.value, words in verdict.detail) == (expected, True), verdict.detail


@pytest.mark.parametrize(
    "key",
    [
        "Session-Reaper/Keep-Until",
        "session-reaper/keep_until",
        "session-reaper:keep-until",
        "session-reaper.keep.until",
        "session-reaper/keep-until ",
        " session-reaper / keep until",
        "session-reaper/keep\u2011until",
        "sessionReaper/keepUntil",
        "\uff33ession-reaper/keep-until",
    ],
)
@pytest.mark.parametrize("value", ["2030-01-01", "2020-01-01", "soon"])
@pytest.mark.parametrize("beside", [{}, {PIN: "2020-01-01"}])
def test_a_pin_whose_key_is_nearly_right_protects_and_is_told(key, value, beside):
    verdict = verdict_on(session(tags={"team": "data", **beside, key: value}), policy())
    assert (verdict.kind.value, verdict.policy) == ("protect", PIN)
    assert verdict.detail == f"the tag {key!r}={value!r} is not spelt {PIN}; protected until it is mended"


def test_a_key_longer_than_any_tag_is_no_pin():
    assert kind(session(tags={f"session-reaper/keep-until{' ' * 300}": "2030-01-01"}), policy()) == "stop"


@pytest.mark.parametrize(
    "key", ["session-reaper/keep", "keep-until", "session-reaper/keep-untill", "x-session-reaper/keep-until"]
)
def test_a_tag_of_another_name_is_no_pin(key):
    assert kind(session(tags={key: "2030-01-01"}), policy()) == "stop"


def test_tags_that_cannot_be_read_protect_from_a_stop_and_say_so():
    verdict = verdict_on(session(tags=NO_TAGS), policy())
    assert verdict.kind is VerdictKind.PROTECT
    assert "GetTags was denied" in verdict.detail


def test_keep_until_does_not_silence_a_report():
    assert kind(session(tags={PIN: "2030-01-01"}), policy("report")) == "report"


class TestGrace:
    def test_a_stop_says_how_much_grace_it_gives(self):
        assert verdict_on(session(), policy(grace=900.0)).grace == 900.0

    def test_a_policy_without_grace_wins_over_one_with(self):
        verdict = verdict_on(session(), policy(grace=900.0, name="slow"), policy(name="fast"))
        assert (verdict.policy, verdict.grace) == ("fast", None)

    def test_one_that_holds_hides_no_stop_without_grace_that_is_still_open(self):
        at_once = policy(when=Compare("dpus", Operator.AT_MOST, 5.0), name="at-once")
        policies = (policy(grace=900.0, name="slow"), at_once)

        assert judge(book(*policies), session(dpus=NOT_ASKED), NOW) == Needs(frozenset({"dpus"}))
        verdict = verdict_on(session(dpus=5.0), *policies)
        assert (verdict.policy, verdict.grace) == ("at-once", None)

    def test_the_shortest_grace_counts(self):
        verdict = verdict_on(session(), policy(grace=DAY, name="slow"), policy(grace=HOUR, name="fast"))
        assert (verdict.policy, verdict.grace) == ("fast", HOUR)


class TestNearlyProtected:
    SPELT = "its tag {!r}={!r} is spelt otherwise than protect-env asks, so it is not protected"

    @pytest.mark.parametrize(
        ("key", "value"),
        [("Env", "prod"), ("env", "Prod"), ("env", " prod-1"), ("ENV ", "PROD_eu"), ("e.n.v", "pr od")],
    )
    @pytest.mark.parametrize("then", ["stop", "report"])
    def test_a_tag_that_nearly_protects_is_told(self, key, value, then):
        verdict = verdict_on(session(tags={"team": "x", key: value}), policy(then), protect_env("prod*"))
        assert (verdict.kind.value, verdict.policy) == (then, f"{then}-it")
        assert verdict.detail == self.SPELT.format(key, value)

    @pytest.mark.parametrize("tags", [{"env": "dev"}, {"environment": "prod"}, {"Env": "production"}, {}])
    def test_one_that_is_another_is_not(self, tags):
        assert not verdict_on(session(tags=tags), policy(), protect_env("prod")).detail

    def test_the_policy_has_to_hold_otherwise(self):
        tags = session(tags={"Env": "prod"})
        elsewhere = policy("protect", TagTest("env", ("prod",)), services=frozenset({"athena"}))
        busy = policy("protect", every(TagTest("env", ("prod",)), text("phase", "busy")))
        assert not verdict_on(tags, policy(), elsewhere).detail
        assert not verdict_on(tags, policy(), busy).detail

    def test_the_one_that_is_not_spelt_right_is_named(self):
        both = policy("protect", every(TagTest("env", ("prod",)), TagPresence("keep", present=True)))
        verdict = verdict_on(session(tags={"env": "prod", "KEEP": "x"}), policy(), both)
        assert "its tag 'KEEP'='x' is spelt otherwise" in verdict.detail

    def test_the_other_of_two_spellings_is_found(self):
        verdict = verdict_on(session(tags={"Env": "prod", "env": "dev"}), policy(), protect_env("prod"))
        assert "its tag 'Env'='prod'" in verdict.detail

    def test_what_must_not_be_there_is_asked_for_as_it_is_spelt(self):
        without = policy("protect", Not(TagTest("tidy", ("yes",))))
        assert kind(session(tags={"Tidy": "yes"}), policy(), without) == "protect"
        assert not verdict_on(session(tags={"tidy": "yes", "Tidy": "no"}), policy(), without).detail

    def test_a_note_comes_after_what_the_policy_says(self):
        verdict = verdict_on(session(tags={"Env": "prod"}), policy(description="Idle."), protect_env("prod"))
        assert verdict.detail.startswith("Idle. Its tag 'Env'='prod' is spelt otherwise")
