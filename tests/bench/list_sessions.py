"""One side of the listing comparison: ``python -m tests.bench.list_sessions ours|boto3 SERVICE``.

Prints CPU seconds of all threads, from the first call to the last answer, the sessions seen and the calls made. Neither
side's imports and clients are counted.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench.say import say_json
from tests.bench.worlds import ACCOUNT, REGION


def ours(service: str) -> dict[str, Any]:
    """A survey under a policy that every session's listing decides, and keeps."""
    from reaper.bootstrap import Selection, open_providers  # noqa: PLC0415 - the other side must not import it
    from reaper.core.judge import compile_book  # noqa: PLC0415
    from reaper.core.policy.document import from_json  # noqa: PLC0415
    from reaper.core.policy.load import load  # noqa: PLC0415
    from reaper.sweep.survey import survey  # noqa: PLC0415

    policy = {"name": "idle", "when": {"idle_for": ">= 30d", "name": "!keep-*"}, "then": "stop"}
    loaded = load(from_json(json.dumps({"version": 1, "policies": [policy]})))
    assert loaded.book is not None, loaded.problems
    book = compile_book(loaded.book)
    opened = open_providers(Selection(services=(service,), regions=(REGION,), account=ACCOUNT), os.environ)
    opened.clients.client(service, REGION)
    started = time.process_time()
    found = survey(opened.providers, book, time.time())
    spent = time.process_time() - started
    assert not found.blind, found.blind
    assert not found.judged, "the policy does not keep all"
    return {"cpu": spent, "seen": found.seen, "calls": sum(opened.calls.counts().values())}


class Loop:
    """What somebody would write with boto3 as it comes: every page, one after the other, counting the sessions."""

    def __init__(self, service: str) -> None:
        import boto3  # noqa: PLC0415 - the other side must not import it

        self._client: Any = boto3.client(service, region_name=REGION)  # type: ignore[call-overload]
        self._token = "NextToken" if service != "deadline" else "nextToken"
        self.calls = 0
        self.seen = 0

    def rows(self, operation: str, key: str, **parameters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = getattr(self._client, operation)(**parameters)
            self.calls += 1
            found += page[key]
            if not page.get(self._token):
                return found
            parameters[self._token] = page[self._token]

    def glue(self) -> None:
        self.seen += len(self.rows("list_sessions", "Sessions", MaxResults=1000))

    def athena(self) -> None:
        for group in self.rows("list_work_groups", "WorkGroups", MaxResults=50):
            for state in ({}, {"StateFilter": "DEGRADED"}):
                found = self.rows("list_sessions", "Sessions", WorkGroup=group["Name"], MaxResults=100, **state)
                self.seen += len(found)

    def deadline(self) -> None:
        for farm in self.rows("list_farms", "farms", maxResults=100):
            at = {"farmId": farm["farmId"], "maxResults": 100}
            for fleet in self.rows("list_fleets", "fleets", **at):
                at["fleetId"] = fleet["fleetId"]
                for worker in self.rows("list_workers", "workers", **at):
                    self.seen += len(
                        self.rows("list_sessions_for_worker", "sessions", workerId=worker["workerId"], **at)
                    )


def bare(service: str) -> dict[str, Any]:
    """The loop of ``service``."""
    loop = Loop(service)
    walk: Callable[[], None] = getattr(loop, service)
    started = time.process_time()
    walk()
    return {"cpu": time.process_time() - started, "seen": loop.seen, "calls": loop.calls}


if __name__ == "__main__":
    side, name = sys.argv[1:]
    say_json(ours(name) if side == "ours" else bare(name))
