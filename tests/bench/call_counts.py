"""Calls made by a sweep against the fewest that could decide it, counted by hand for each world; and calls made for a stop."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from localcloud.emr_serverless_spark import ACCESS_KEY_ID, ACCESS_KEY_SECRET, AlibabaServer
from localcloud.record import Record
from localcloud.server import LocalServer
from reaper.bootstrap import Selection, open_providers
from reaper.core.judge import compile_book
from reaper.core.policy.document import from_json
from reaper.core.policy.load import load
from reaper.core.report import Mode
from reaper.sweep.run import Sweep
from reaper.sweep.run import run as sweep
from tests.bench.call_worlds import ALIBABA_REGION, WORLDS, CountedWorld
from tests.bench.result import Result, check
from tests.bench.worlds import ACCOUNT, REGION
from tests.support.reports import as_json

LIMIT = 1.05
# No cap: a stop that is withheld would cost the same calls, but could not be told from one that was never found.
GUARDS = {"max_stops": 100_000, "max_stop_share": 1.0}


def run() -> list[Result]:
    """Two results for each world."""
    return [result for make in WORLDS for result in _compare(make())]


def _compare(world: CountedWorld) -> tuple[Result, Result]:
    """Sweep ``world`` in report mode and compare its calls, which the cloud has to have counted as well; then stop it."""
    document = {"version": 1, "policies": [world.policy], "guards": GUARDS}
    loaded = load(from_json(json.dumps(document)))
    assert loaded.book is not None, loaded.problems
    book = compile_book(loaded.book)
    with _cloud(world.document) as (env, record):
        selection = Selection(
            services=(world.service,), regions=(REGION,), elsewhere={"alibaba": ALIBABA_REGION}, account=ACCOUNT
        )

        def swept(mode: Mode) -> dict[str, Any]:
            opened = open_providers(selection, env)
            instructions = Sweep(
                run_id="bench",
                mode=mode,
                book=book,
                providers=opened.providers,
                counter=opened.calls,
                clock=time.time,
            )
            return as_json(sweep(instructions), book.lens, time.time())

        report = swept(Mode.REPORT)
        received = record.counts()
        enforced = swept(Mode.ENFORCE)
    made: dict[str, int] = report["api_calls"]
    found = report["totals"].get("would_stop", 0)
    check(not report["blind"], f"{world.what}: {report['blind'][:1]} is blind")
    check(report["sessions"]["seen"] == world.seen, f"{world.what}: saw {report['sessions']['seen']}, not {world.seen}")
    check(found == world.would_stop, f"{world.what}: would stop {found}, not {world.would_stop}")
    check(made == received, f"{world.what}: reports the calls {made}, and the cloud received {received}")
    calls, fewest = sum(made.values()), sum(world.fewest.values())
    more = {name: (made.get(name, 0), world.fewest.get(name, 0)) for name in sorted({*made, *world.fewest})}
    differing = "; ".join(f"{name} {one}, not {other}" for name, (one, other) in more.items() if one != other)
    check(enforced["totals"].get("stopped", 0) == found, f"{world.what}: stopped {enforced['totals']}, not {found}")
    further = {name: count - made.get(name, 0) for name, count in enforced["api_calls"].items()}
    each = ", ".join(f"{name} {count / found:g}" for name, count in sorted(further.items()) if count)
    return (
        Result(
            what=f"calls of a sweep / the fewest: {world.what}",
            measured=calls / fewest,
            limit=LIMIT,
            detail=f"{calls} of {fewest}" + (f": {differing}" if differing else ""),
        ),
        Result(
            what=f"calls of a stop, with the look before it: {world.what}",
            measured=sum(further.values()) / found,
            unit="calls",
            limit=None,
            detail=each,
        ),
    )


@contextmanager
def _cloud(document: dict[str, Any]) -> Iterator[tuple[dict[str, str], Record]]:
    """The embedded cloud with ``document`` in it, where the SDKs find it, and its record."""
    with LocalServer() as aws:
        aws.world.seed(document)
        with AlibabaServer(aws.world, aws.faults, aws.calls) as alibaba:
            before = dict(os.environ)
            os.environ.update(aws.env(ACCOUNT, REGION))
            os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] = ACCESS_KEY_ID
            os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = ACCESS_KEY_SECRET
            os.environ["ALIBABA_CLOUD_ENDPOINT_EMR_SERVERLESS_SPARK"] = alibaba.url
            try:
                yield dict(os.environ), aws.calls
            finally:
                os.environ.clear()
                os.environ.update(before)
