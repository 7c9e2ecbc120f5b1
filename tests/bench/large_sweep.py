"""A sweep of 100,000 sessions in a process of its own: its peak memory, and its wall time when every call takes 30 ms.

On one core the calls cannot be over sooner than their CPU time adds up to; waiting for answers has to hide behind it. What
that comes to on this machine, at this moment, is what the same sweep takes when answers come at once: measured in turn
with it, so that a machine with other work to do is held against neither.

It is of 100 Athena workgroups of 1000 sessions, one of which is idle for long: its tags are asked. Memory is shown for a
single Glue list as well, whose pages come one after the other, so that there is nothing to do while one is awaited; and
for a list that leaves every session open.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from tests.bench.result import Result, check, side_by_side, spread
from tests.bench.served import served
from tests.bench.worker import measured

LATENCY = 0.03
ROUNDS = 3
MEGABYTES = 160.0
WALL = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a sweep of 100,000 sessions has to have done to count as one."""

    service: str
    world: str
    would_stop: int
    calls: dict[str, int]


ATHENA = Expected(
    service="athena",
    world="athena-100k",
    would_stop=100,
    calls={
        "athena:ListWorkGroups": 2,
        # Ten pages of sessions for each workgroup, and one of degraded ones.
        "athena:ListSessions": 1100,
        # Those of each idle session, and those of its workgroup.
        "athena:ListTagsForResource": 200,
    },
)
GLUE = Expected(service="glue", world="glue-100k", would_stop=0, calls={"glue:ListSessions": 100})


def run() -> list[Result]:
    """Wall time of the sweep that has something to do while it waits, and the memory of both."""
    slow: list[dict[str, Any]] = []
    quick: list[dict[str, Any]] = []
    with served(ATHENA.world, LATENCY) as far, served(ATHENA.world) as near:
        slow_walls, quick_walls = side_by_side(
            lambda: _sweep(ATHENA, far, slow), lambda: _sweep(ATHENA, near, quick), ROUNDS
        )
    ratios = [one / other for one, other in zip(slow_walls, quick_walls, strict=True)]
    glue: list[dict[str, Any]] = []
    with served(GLUE.world) as near:
        _sweep(GLUE, near, glue)
    undecided: dict[str, Any] = measured("tests.bench.sweep_open")
    check(undecided["seen"] == 100_000, f"the survey of undecided sessions saw {undecided['seen']}")
    check(undecided["found"] == 1000, f"the survey of undecided sessions found {undecided['found']}, not 1000")
    count = sum(ATHENA.calls.values())
    cpu = statistics.median(one["cpu"] for one in slow)
    against_cpu = statistics.median(one["wall"] / one["cpu"] for one in slow)
    quick_against_cpu = statistics.median(one["wall"] / one["cpu"] for one in quick)
    return [
        Result(
            what="wall time of a 100,000-session sweep, answers after 30 ms / at once",
            measured=statistics.median(ratios),
            limit=WALL,
            detail=f"{count} calls of {cpu / count * 1000:.1f} ms of CPU; {spread(ratios)}; wall / CPU was"
            f" {against_cpu:.2f} and {quick_against_cpu:.2f}: above 1 at once is what else this machine did",
        ),
        _memory("athena", [*slow, *quick]),
        _memory("glue", glue),
        _memory("each needing a further call", [undecided]),
    ]


def _memory(which: str, sweeps: list[dict[str, Any]]) -> Result:
    return Result(
        what=f"peak memory of a 100,000-session sweep, {which}",
        measured=max(one["megabytes"] for one in sweeps),
        unit="MB",
        limit=MEGABYTES,
        detail=f"{sweeps[0]['imported']:.0f} MB of it before the first call",
    )


def _sweep(expected: Expected, env: dict[str, str], into: list[dict[str, Any]]) -> float:
    """One sweep in a fresh process; its wall time in seconds."""
    found: dict[str, Any] = measured("tests.bench.sweep_once", expected.service, env=env)
    what = f"the sweep of {expected.service}"
    check(found["seen"] == 100_000, f"{what} saw {found['seen']} sessions, not 100,000")
    check(found["totals"].get("would_stop", 0) == expected.would_stop, f"{what} found {found['totals']}")
    check(found["calls"] == expected.calls, f"{what} made the calls {found['calls']}")
    into.append(found)
    return float(found["wall"])
