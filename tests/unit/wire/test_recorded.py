"""What the release before the wire was typed has written is still read: files recorded from it, in ``tests/fixtures/wire``."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reaper.cli.plan_file import read_plan
from reaper.core.facts import ABSENT, Undecidable
from reaper.core.guards import Stops
from reaper.core.memory import Claim, Snooze
from reaper.core.outcome import Outcome
from reaper.core.session import ScopeKey, SessionRef
from reaper.handlers.continuation import read_event
from reaper.history.reports import ReportDirectory, read_reports
from reaper.history.rows import COLUMNS
from reaper.history.rows import decode as decode_row
from reaper.ledger.items import memory_of, ref_of
from reaper.ledger.sweep_items import sweep_of
from reaper.notifiers.amazon_q import notification
from reaper.notifiers.digest import fingerprint
from reaper.notifiers.slack_blocks import digest_message
from reaper.wire.codec import decode, encode
from reaper.wire.report import Report

FOLDER = Path(__file__).parents[2] / "fixtures" / "wire"
NOW = 1772359200.0  # 2026-03-01T10:00:00Z
GLUE = ScopeKey("glue", "123456789012", "eu-central-1")
ATHENA = ScopeKey("athena", "123456789012", "eu-central-1")
WARNED = SessionRef("glue", "123456789012", "eu-central-1", (), "warned")
ALLOWED = SessionRef("glue", "123456789012", "eu-central-1", (), "allowed")
DIGESTS = sorted(FOLDER.glob("digest-*.json"))


def recorded(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def test_a_report():
    report = decode(recorded("report.json"), Report)

    assert [(one.ref.id, one.outcome) for one in report.findings] == [
        ("warned", "warned"),
        ("stopped", "stopped"),
        ("snoozed", "snoozed"),
        ("unknown \u4f1a\u8bae", "undetermined"),
        ("allowed", "would_stop"),
    ]
    assert report.findings[0].due == datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
    assert report.findings[3].detail == "x \ufffd y", "half a character cannot be written again"
    assert report.unfinished
    assert report.unfinished.total().stops == 1


@pytest.mark.parametrize("path", DIGESTS, ids=lambda path: path.stem)
def test_digests(path):
    digest = decode(path.read_bytes(), Report)

    assert json.loads(encode(digest)) == json.loads(path.read_text(encoding="utf-8").replace("\\ud83d", "\ufffd"))
    assert digest_message(digest, interactive=True)["blocks"]
    assert notification(digest)["content"]["description"]


def test_what_people_were_told_is_told_by_the_same_fingerprints():
    kept = json.loads(recorded("fingerprints.json"))
    told = {one.audience.key: str(fingerprint(one)) for path in DIGESTS if "cut" not in path.stem
            if (one := decode(path.read_bytes(), Report)).audience}  # fmt: skip

    assert told == kept


def test_an_archived_report(tmp_path):
    target = tmp_path / recorded("archived-report.key").decode().strip()
    target.parent.mkdir(parents=True)
    target.write_bytes(gzip.compress(recorded("archived-report.json")))
    skipped = []

    [sweep] = read_reports(ReportDirectory(tmp_path), NOW, NOW + 1, skipped=skipped)

    assert skipped == []
    assert (sweep.run_id, sweep.began, sweep.ended) == ("4b1c8e0e-6a3c-4c52-9f0e-0a5d5a3f6a11", NOW, NOW + 12)
    assert [one.id for one in sweep.sightings] == ["warned", "stopped", "snoozed", "unknown \u4f1a\u8bae", "allowed"]
    assert (sweep.garbled, sweep.goes_on, sweep.regrets) == (0, True, {"glue-idle": (1, 12)})


def test_a_plan_file():
    plan = read_plan(str(FOLDER / "plan.json"))

    assert plan.stops == {ALLOWED}
    assert plan.scopes == {GLUE, ATHENA}
    assert (plan.policy_sha256, plan.created_at, plan.judged_at) == ("abc", NOW + 5, NOW)


def test_a_continuation():
    part = read_event(json.loads(recorded("continuation.json")))

    assert part.number == 2
    assert part.earlier
    assert part.earlier.began_at == NOW + 0.25
    assert part.earlier.unfinished.listings == ((ATHENA, (("workgroup", "late"),)),)
    assert part.earlier.unfinished.sessions == (WARNED,)
    assert part.earlier.unfinished.stops == (ALLOWED,)
    assert part.earlier.unfinished.idle_costs == {ALLOWED: 4.4}
    assert (part.earlier.seen, part.earlier.live) == (40, {GLUE: 12, ATHENA: 5})
    assert part.earlier.stops == {GLUE: Stops(3, 12.5)}
    assert (part.earlier.tag_lookups, part.earlier.evidence_lookups) == ({GLUE: (4, 1)}, {GLUE: (9, 2)})
    assert part.earlier.blind == {ATHENA}


def test_a_continuation_of_the_first_release_which_kept_no_costs_and_no_look_ups():
    part = read_event(json.loads(recorded("continuation-oldest.json")))

    assert part.earlier
    assert part.earlier.stops == {GLUE: Stops(3, 0.0)}
    assert (part.earlier.unfinished.idle_costs, part.earlier.tag_lookups) == ({}, {})


def test_history_rows():
    rows = [json.loads(line) for line in recorded("history.jsonl").splitlines()]

    read = [decode_row([row.get(name) for name in COLUMNS]) for row in rows]

    assert [(one.session.ref.id, one.verdict, one.policy) for one in read] == [
        ("warned", "stop", "glue-idle"),
        ("stopped", "stop", "glue-idle"),
        ("snoozed", "stop", "athena-idle"),
        ("unknown \u4f1a\u8bae", "undetermined", "glue-idle"),
    ]
    assert read[0].session.facts.idle_since == NOW - 7200
    assert read[0].session.facts.tags == {"owner": "ana", "env": "dev"}
    assert read[1].session.facts.tags is ABSENT
    assert read[2].session.ref.scope == (("workgroup", "science"),)
    assert read[3].session.facts.idle_since == Undecidable("ListSessionActions was denied")


def test_ledger_items():
    items = json.loads(recorded("ledger-items.json"))

    memory = memory_of(items["memory"], ref_of(items["memory"]))
    sweep = sweep_of(items["sweep"])

    # In the order in which the service has them, whatever order they were kept in.
    assert [part for part, _ in memory.ref.scope] == ["farm", "fleet", "worker", "queue", "job"]
    assert (memory.ref.id, memory.policy, memory.outcome) == ("session-9", "render-idle", Outcome.NOT_STOPPING)
    assert memory.promise
    assert (memory.promise.due_at, memory.not_before) == (1772363700.5, 1772363700.5)
    assert memory.snooze == Snooze(until=1772452800.0, by="ada", at=1772365499.5, times=2)
    assert memory.card
    assert (memory.card.team, memory.card.snooze_max) == ("render", 7200.0)
    assert memory.claim == Claim(run_id="run-7", at=1772366398.75, policy="render-idle")
    assert (sweep.run_id, sweep.mode) == ("run-7", "enforce")
    assert (len(sweep.stops), len(sweep.claims)) == (1, 2)
