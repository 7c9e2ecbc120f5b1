"""CPU time of listing through our providers against a bare boto3 loop over the same pages.

Ours does more with each session (a typed value, a judgement) and reads timestamps faster, which has to pay for it. The
cloud runs in another process, each side in a fresh one; stock boto3 settings for the loop.
"""

from __future__ import annotations

from typing import Any

from tests.bench.result import Result, check, median_ratio, side_by_side, spread
from tests.bench.served import served
from tests.bench.worker import measured

LIMIT = 0.9


def run() -> list[Result]:
    """The budget is that of 100,000 Glue sessions; the other two services are held to it as well."""
    return [
        _listing("glue", "glue-100k", seen=100_000, calls=100, rounds=5),
        # 100 workgroups are two pages; each has two pages of sessions, and a page of degraded ones.
        _listing("athena", "athena-20k", seen=20_000, calls=2 + 100 * 3, rounds=3),
        # A farm, a fleet and a page of workers, each with two pages of sessions.
        _listing("deadline", "deadline-20k", seen=20_000, calls=3 + 100 * 2, rounds=3),
    ]


def _listing(service: str, world: str, *, seen: int, calls: int, rounds: int) -> Result:
    def one(side: str, env: dict[str, str]) -> float:
        found: dict[str, Any] = measured("tests.bench.list_sessions", side, service, env=env)
        check(found["seen"] == seen, f"{side} saw {found['seen']} sessions of {service}, not {seen}")
        check(found["calls"] == calls, f"{side} made {found['calls']} calls of {service}, not {calls}")
        return float(found["cpu"])

    with served(world) as env:
        ours, bare = side_by_side(lambda: one("ours", env), lambda: one("boto3", env), rounds)
    ratios = [mine / other for mine, other in zip(ours, bare, strict=True)]
    return Result(
        what=f"CPU of listing {seen:,} {service} sessions, ours / boto3",
        measured=median_ratio(ours, bare),
        limit=LIMIT,
        detail=f"{min(ours):.2f} s in {calls} calls, boto3 {min(bare):.2f} s; {spread(ratios)}",
    )
