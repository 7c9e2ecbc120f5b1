"""A survey of 100,000 sessions whose lists tell nothing of their use, so that each waits for a call. Prints what it cost.

The calls answer after a tenth of a millisecond and every hundredth session is idle for long: this is about memory alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import reaper.bootstrap  # noqa: F401 - what a sweep has in memory anyway
from reaper.core.facts import NOT_ASKED, Facts
from reaper.core.judge import compile_book
from reaper.core.policy.document import from_json
from reaper.core.policy.load import load
from reaper.core.session import Phase, ScopeKey, Session, SessionRef
from reaper.sweep.ports import Listing, Provider, StopResult
from reaper.sweep.survey import survey
from tests.bench.memory import peak_megabytes
from tests.bench.say import say_json
from tests.bench.worlds import ACCOUNT, REGION

COUNT = 100_000
NOW = 1_800_000_000.0


class Undecided:
    """A provider whose sessions are open until they are asked for, and which answers at once."""

    key = ScopeKey("glue", ACCOUNT, REGION)

    stops_idle_only = False

    def for_recheck(self) -> Provider:
        return self

    def discover(self) -> Listing:
        return Listing((), self._read)

    def _read(self) -> Iterator[Session | Listing]:
        for number in range(COUNT):
            facts = Facts(
                state="READY",
                phase=NOT_ASKED,
                created_at=NOW - 36_000.0,
                idle_timeout=172_800.0,
                name=f"Notebook {number}",
                creator="GlueNotebooks",
                kind="glueetl",
                worker_type="G.1X",
                dpus=5.0,
                billed_units=5.0,
            )
            yield Session(SessionRef("glue", ACCOUNT, REGION, (), f"notebook-{number:06}"), facts)

    def source_of(self, wanted: frozenset[str]) -> str | None:
        if wanted & {"phase", "idle_since"}:
            return "use"
        return "tags" if "tags" in wanted else None

    def observe(self, session: Session, source: str) -> Facts:
        time.sleep(0.0001)
        if source == "tags":
            return session.facts.with_(tags={"team": "data"})
        idle = 36_000.0 if session.ref.id.endswith("00") else 60.0
        return session.facts.with_(phase=Phase.IDLE, idle_since=NOW - idle)

    def reread(self, ref: SessionRef) -> Session | None:
        raise NotImplementedError(ref)

    def stop(self, ref: SessionRef) -> StopResult:
        raise NotImplementedError(ref)


def main() -> None:
    """Survey, and say how much memory that took."""
    policy = {"name": "idle", "when": {"idle_for": ">= 30m"}, "then": "stop"}
    loaded = load(from_json(json.dumps({"version": 1, "policies": [policy]})))
    assert loaded.book is not None, loaded.problems
    imported = peak_megabytes()
    found = survey([Undecided()], compile_book(loaded.book), NOW)
    assert not found.blind, found.blind
    say_json({"megabytes": peak_megabytes(), "imported": imported, "seen": found.seen, "found": len(found.judged)})


main()
