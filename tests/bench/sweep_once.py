"""One sweep, as the deployed function does it: ``python -m tests.bench.sweep_once SERVICE``. Prints what it cost."""

from __future__ import annotations

import json
import os
import sys
import time

from reaper.bootstrap import Selection, open_providers
from reaper.core.judge import compile_book
from reaper.core.policy.document import from_json
from reaper.core.policy.load import load
from reaper.core.report import Mode
from reaper.sweep.instructions import Sweep
from reaper.sweep.run import run
from tests.bench.memory import peak_megabytes
from tests.bench.say import say_json
from tests.bench.worlds import ACCOUNT, REGION
from tests.support.reports import as_json

POLICY = {"name": "idle", "when": {"idle_for": ">= 10h"}, "then": "stop"}
# No cap: the report has to hold every finding.
GUARDS = {"max_stops": 100_000, "max_stop_share": 1.0}


def main(service: str) -> None:
    """Sweep in report mode, make the report, and print it in figures."""
    loaded = load(from_json(json.dumps({"version": 1, "policies": [POLICY], "guards": GUARDS})))
    assert loaded.book is not None, loaded.problems
    book = compile_book(loaded.book)
    opened = open_providers(Selection(services=(service,), regions=(REGION,), account=ACCOUNT), os.environ)
    opened.clients.client(service, REGION)
    imported, started, spent = peak_megabytes(), time.monotonic(), time.process_time()
    report = run(
        Sweep(
            run_id="bench",
            mode=Mode.REPORT,
            book=book,
            providers=opened.providers,
            counter=opened.calls,
            clock=time.time,
        )
    )
    text = json.dumps(as_json(report, book.lens, report.started_at))
    wall, cpu = time.monotonic() - started, time.process_time() - spent
    public = json.loads(text)
    assert not public["blind"], public["blind"][:3]
    say_json(
        {
            "wall": wall,
            "cpu": cpu,
            "megabytes": peak_megabytes(),
            "imported": imported,
            "seen": public["sessions"]["seen"],
            "totals": {name: count for name, count in public["totals"].items() if count},
            "calls": public["api_calls"],
        }
    )


if __name__ == "__main__":
    main(sys.argv[1])
