"""``python -m tests.bench``: every benchmark, or those named, as a table or as ``--json``.

Exits 0 when all of them could run, whether within their budgets or not; 1 when one could not, or did not measure what it
claims; 2 on wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.bench import (
    call_counts,
    cold_import,
    large_sweep,
    ledger_traffic,
    listing_cpu,
    policy_evaluation,
    throttling,
)
from tests.bench.result import BenchmarkError, Result
from tests.bench.say import say

BENCHMARKS: dict[str, Callable[[], Iterable[Result]]] = {
    "policy": policy_evaluation.run,
    "listing": listing_cpu.run,
    "calls": call_counts.run,
    "ledger": ledger_traffic.run,
    "import": cold_import.run,
    "throttling": throttling.run,
    "sweep": large_sweep.run,
}


def main() -> int:
    """Run what the command line names; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Compare with the alternatives.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(BENCHMARKS)):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    results: list[Result] = []
    failures: list[str] = []
    for name in arguments.names or BENCHMARKS:
        say(f"{name} ...", sys.stderr)
        started = time.monotonic()
        try:
            results += BENCHMARKS[name]()
        except Exception as error:  # noqa: BLE001 - the others are worth knowing all the same
            shown = str(error) if isinstance(error, BenchmarkError) else repr(error)
            failures.append(f"{name} could not run: {shown}")
        say(f"{name} took {time.monotonic() - started:.0f} s", sys.stderr)
    if arguments.json:
        say(
            json.dumps(
                {"machine": machine(), "results": [one.to_json() for one in results], "failures": failures}, indent=2
            )
        )
    else:
        say(f"{machine()}\n\n{table(results)}")
    for failure in failures:
        say(failure, sys.stderr)
    return 1 if failures else 0


def machine() -> str:
    """What this was measured on: processor, cores, system, Python."""
    cpus = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", cpus.read_text(encoding="utf-8")) if cpus.exists() else []
    name = names[0] if names else platform.processor() or platform.machine()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{name}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, {python}"


def table(results: list[Result]) -> str:
    """The results as aligned columns, each with its detail below it."""
    head = ("what", "measured", "budget", "verdict")
    rows = [(one.what, f"{one.measured:.2f} {one.unit}", one.promise, one.verdict) for one in results]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(row: tuple[str, ...]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()

    lines = [line(head), line(tuple("-" * width for width in widths))]
    for row, result in zip(rows, results, strict=True):
        lines.append(line(row))
        if result.detail:
            lines.append(f"  {result.detail}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
