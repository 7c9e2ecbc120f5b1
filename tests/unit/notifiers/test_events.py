"""Which events a report makes, and what they say."""

from __future__ import annotations

import json

import pytest

from reaper.core.outcome import Outcome
from reaper.notifiers.events import Entry, events_of, stop_requested
from reaper.wire.codec import convert
from reaper.wire.common import Ref
from tests.support.reports import blind, finding, ref, report, typed

AT = 1772359212.0  # 2026-03-01T10:00:12Z
ARN = "arn:aws:glue:eu-central-1:123456789012:session/nightly"


def told(*findings, **change):
    return events_of(typed(report(*findings, **change)))


def body(entry):
    return json.loads(entry.body)


def test_a_warning_is_told_with_all_that_is_known_of_it():
    warned = finding(
        "warned",
        team="data",
        arn=ARN,
        idle_since="2026-03-01T08:00:00Z",
        evidence="statement 7 completed",
        due="2026-03-01T10:30:00Z",
        snooze={"until": "2026-03-01T10:30:00Z", "by": "ana", "at": "2026-03-01T09:00:00Z", "times": 2},
        facts={"name": "adhoc", "owner": "ana", "tags": {"env": "dev"}, "hourly_cost": 2.2, "idle_cost": 4},
    )

    entry, _ = told(warned, mode="enforce")

    assert (entry.detail_type, entry.resources, entry.at.timestamp()) == ("Session Warned", (ARN,), AT)
    assert body(entry) == {
        "schemaVersion": 1,
        "runId": "run-1",
        "mode": "enforce",
        "session": {
            "service": "glue",
            "account": "123456789012",
            "region": "eu-central-1",
            "scope": {},
            "id": "nightly",
        },
        "outcome": "warned",
        "policy": "glue-idle",
        "detail": "idle for 2h, which is at least 1h",
        "at": "2026-03-01T10:00:12Z",
        "name": "adhoc",
        "owner": "ana",
        "team": "data",
        "idleSince": "2026-03-01T08:00:00Z",
        "due": "2026-03-01T10:30:00Z",
        "hourlyCost": 2.2,
        "idleCost": 4,
        "snooze": {"until": "2026-03-01T10:30:00Z", "by": "ana", "at": "2026-03-01T09:00:00Z", "times": 2},
    }


def test_what_is_not_known_is_left_out():
    unsure = finding(
        "reported", facts={"name": None, "owner": {"undecidable": "denied"}, "hourly_cost": {"undecidable": "denied"}}
    )

    entry, _ = told(unsure)

    assert not {"name", "owner", "hourlyCost", "idleCost", "team", "due", "snooze", "idleSince"} & set(body(entry))


def test_the_sweep_is_told_last_and_by_its_numbers_alone():
    *_, entry = told(
        finding("stopped"),
        finding("protected", "b"),
        mode="enforce",
        blind=[blind(), blind(region="us-east-1")],
        guards=[{"service": "glue", "account": "1", "region": "r", "detail": "x"}],
        owners={"resolved": 3, "unresolved": 1},
        avoided_cost=12.34,
        unfinished={"scopes": [ref()], "sessions": [], "stops": [ref(), ref("b")]},
    )

    assert (entry.detail_type, entry.resources) == ("Sweep Completed", ())
    assert body(entry) == {
        "schemaVersion": 1,
        "runId": "run-1",
        "mode": "enforce",
        "at": "2026-03-01T10:00:12Z",
        "startedAt": "2026-03-01T10:00:00Z",
        "finishedAt": "2026-03-01T10:00:12Z",
        "sessions": {"seen": 40, "live": 17},
        "totals": {"stopped": 1, "protected": 1},
        "blindScopes": 2,
        "trippedGuards": 1,
        "idleCost": 4.4,
        "avoidedCost": 12.34,
        "unresolvedOwners": 1,
        "unfinished": {"scopes": 1, "sessions": 0, "stops": 2},
    }


EVENTS_OF = {
    "would_stop": ["Session Flagged"],
    "reported": ["Session Flagged"],
    "withheld": ["Session Flagged"],
    "failed": ["Session Flagged"],
    "unread": ["Session Flagged"],
    "warned": ["Session Warned"],
    "snoozed": ["Session Snoozed"],
    "stopped": ["Session Stopped"],
    "confirmed": ["Session Confirmed"],
    "not_stopping": ["Session Not Stopping"],
    "protected": [],
    "undetermined": [],
    "already_gone": [],
    "spared": [],
}


@pytest.mark.parametrize(("outcome", "kinds"), [*EVENTS_OF.items(), ("teleported", [])])
def test_each_outcome_has_its_event_or_none(outcome, kinds):
    assert [entry.detail_type for entry in told(finding(outcome))] == [*kinds, "Sweep Completed"]


def test_no_outcome_was_forgotten():
    assert set(EVENTS_OF) == set(Outcome)


def test_nobody_is_told_twice():
    entries = told(finding("warned", "old", news=False), finding("warned", "new", arn="arn:of:new"))

    assert [entry.resources for entry in entries] == [("arn:of:new",), ()]


def test_a_sweep_that_did_not_take_place_says_why():
    (entry,) = told(error="the policies cannot be used: nowhere.yaml")

    assert body(entry)["error"] == "the policies cannot be used: nowhere.yaml"


def test_a_session_without_an_arn_has_no_resources():
    entry, _ = told(finding("warned"))

    assert entry.resources == ()


def test_tags_and_what_ran_stay_behind():
    hostile = finding("warned", facts={"tags": {"secret": "s3cr3t"}, "code": "print()"}, code="print()")

    entry, _ = told(hostile)

    assert "s3cr3t" not in entry.body
    assert "print" not in entry.body


@pytest.mark.parametrize("text", ["x" * 10_000, "\N{SKULL}" * 10_000, "\x00\x1b" * 5_000, "\ud83d" * 10_000])
def test_no_text_makes_an_event_too_large_or_unreadable(text):
    entry, _ = told(
        finding(
            "snoozed",
            text,
            policy=text,
            detail=text,
            team=text,
            arn=text,
            facts={"name": text, "owner": text},
            snooze={"until": "2026-03-01T10:30:00Z", "by": text, "at": "2026-03-01T09:00:00Z", "times": 1},
        )
    )

    assert entry.size < 60_000
    json.dumps(body(entry), ensure_ascii=False).encode()
    assert len(body(entry)["owner"]) <= 1003


def test_what_was_cut_says_so_and_what_was_not_is_whole():
    longest, too_long = "x" * 1000, "x" * 1001

    entry, _ = told(finding("warned", detail=longest, facts={"owner": too_long}))

    assert body(entry)["detail"] == longest
    assert body(entry)["owner"] == longest + "..."


def test_the_size_is_what_eventbridge_counts():
    warned = told(finding("warned", detail="é"))[0]
    detail, told_at = warned.detail, warned.at
    text = Entry("Session Warned", detail, told_at).body

    assert Entry("Session Warned", detail, told_at, ("arn:é",)).size == 14 + 14 + 14 + len(text.encode()) + 6


def test_a_wish_to_stop_names_who_has_it():
    entry = stop_requested(convert(ref(), Ref), by="ana@example.com", at=AT, arn=ARN, policy="glue-idle", team="data")

    assert (entry.detail_type, entry.resources) == ("Session Stop Requested", (ARN,))
    assert body(entry) == {
        "schemaVersion": 1,
        "session": ref(),
        "policy": "glue-idle",
        "by": "ana@example.com",
        "at": "2026-03-01T10:00:12Z",
        "team": "data",
    }
