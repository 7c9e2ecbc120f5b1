"""Requests a sweep makes of its ledger, on a real table of the embedded cloud: one read and one write a batch, no more.

A batch is 100 sessions that match, what DynamoDB takes in one request. Beside the batches, a sweep asks once what is
kept of its scopes, and writes that and its own record with its last batch. A stop takes one more write, for what came of it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from localcloud.client import LocalCloud
from localcloud.deployment import client
from reaper.core.judge import compile_book
from reaper.core.policy.model import Action, Guards, Policy, PolicyBook, TextTest
from reaper.core.report import Mode
from reaper.ledger.dynamodb import DynamoDbLedger
from reaper.sweep.run import Sweep
from reaper.sweep.run import run as sweep
from tests.bench.result import Result, check
from tests.support.providers import FakeProvider, Scripted
from tests.support.sessions import NOW, session
from tests.support.tables import make_table

MATCHED, UNMATCHED, BATCH = 1_000, 4_000, 100
LOOSE = Guards(max_stops=MATCHED, max_stop_share=1.0)


def run() -> list[Result]:
    """Reads and writes a batch, over a sweep that warns, one that warns on, and one that matches nothing."""
    with LocalCloud.start() as cloud:
        dynamodb = client(cloud, "dynamodb")
        requests: Counter[str] = Counter()
        dynamodb.meta.events.register("before-call", lambda model, **_: requests.update([model.name]))
        ledger = DynamoDbLedger(dynamodb, make_table(dynamodb), "us-east-1")
        results = [
            _of_a_sweep(ledger, requests, "that warns 1,000 sessions", "idle-*", 0.0),
            _of_a_sweep(ledger, requests, "that goes on warning them", "idle-*", 600.0),
        ]
        nothing = _requests(ledger, requests, "nobody", 1200.0)
    check(
        set(nothing) <= {"Query", "BatchGetItem", "TransactWriteItems"},
        f"a sweep that matches nothing made {dict(nothing)}",
    )
    batches = nothing["TransactWriteItems"] - 1 + nothing["BatchGetItem"] - 1
    detail = (
        f"{dict(nothing)} for {UNMATCHED + MATCHED:,} sessions seen: what is kept of the scope and of the sweep itself"
    )
    unmatched = Result(
        what="ledger requests for sessions that match nothing", measured=batches, unit="", limit=0, detail=detail
    )
    return [*(one for pair in results for one in pair), unmatched]


def _of_a_sweep(ledger: DynamoDbLedger, requests: Counter[str], which: str, pattern: str, after: float) -> list[Result]:
    made = _requests(ledger, requests, pattern, after)
    batches = MATCHED / BATCH
    detail = f"{dict(sorted(made.items()))} for {MATCHED:,} matched of {UNMATCHED + MATCHED:,} sessions"
    # What is kept of the scope is read before, and written with the last batch, or makes one more of it when that is full.
    return [
        Result(
            what=f"ledger {verb} a batch, by a sweep {which}",
            measured=made[operation] / batches,
            unit="requests",
            limit=limit,
            detail=detail,
        )
        for verb, operation, limit in (
            ("reads", "BatchGetItem", 1.0 + 1 / batches),
            ("writes", "TransactWriteItems", 1.0 + 1 / batches),
        )
    ]


def _requests(ledger: DynamoDbLedger, requests: Counter[str], pattern: str, after: float) -> Counter[str]:
    idle = [Scripted(session(f"idle-{number}")) for number in range(MATCHED)]
    others = [Scripted(session(f"kept-{number}")) for number in range(UNMATCHED)]
    provider = FakeProvider([*idle, *others])
    policy = Policy(name="idle", when=TextTest("id", (pattern,)), then=Action.STOP, grace=86_400.0)
    requests.clear()
    report = sweep(
        Sweep(
            run_id=f"bench-{after:g}",
            mode=Mode.ENFORCE,
            book=compile_book(PolicyBook(policies=(policy,), guards=LOOSE)),
            providers=[provider],
            counter=provider.calls,
            clock=lambda: NOW + after,
            ledger=ledger,
        )
    )
    found: Any = report.totals()
    wanted = {"warned": MATCHED} if pattern.startswith("idle") else {}
    check(found == wanted, f"the sweep found {found}, not {wanted}")
    check(not report.blind, f"the ledger could not be used: {report.blind[:1]}")
    return Counter(requests)
