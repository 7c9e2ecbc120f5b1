"""300 calls by 16 threads of a service that refuses some, by each way of going on: ours, and botocore's two modes.

Two kinds of refusal: a quota of so many calls a second (5, ten at once after a rest), and a share of all calls whatever
their number (20 %), as it looks where others use up the quota. All of them run at once: they wait, and compute nothing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.bench.result import Result, check
from tests.bench.throttled_calls import CALLS
from tests.bench.worker import measured

RATE, BURST, SHARE = 5, 10, 0.2
QUOTA, CHANCE = f"quota:{RATE}:{BURST}", f"random:{SHARE}"
SIDES = ("ours", "adaptive", "standard")


def run() -> list[Result]:
    """How long it takes against both kinds, what is lost, and how much more than the quota is asked."""
    runs = [(side, service) for side in SIDES for service in (QUOTA, CHANCE)]
    with ThreadPoolExecutor(len(runs)) as pool:
        outcomes = pool.map(lambda one: measured("tests.bench.throttled_calls", *one), runs)
        found: dict[tuple[str, str], dict[str, Any]] = dict(zip(runs, outcomes, strict=True))
    check(all(one["sent"] >= CALLS for one in found.values()), "not every call was sent")
    fewest = (CALLS - BURST) / RATE
    ours = {service: found["ours", service] for service in (QUOTA, CHANCE)}
    return [
        Result(
            what=f"calls lost of {2 * CALLS} while calls are throttled",
            measured=sum(one["lost"] for one in ours.values()),
            unit="calls",
            limit=0,
            detail=_told(found),
        ),
        Result(
            what=f"{CALLS} calls within a quota of {RATE} a second / the least that takes",
            measured=ours[QUOTA]["seconds"] / fewest,
            limit=1.3,
        ),
        Result(
            what=f"{CALLS} calls of which {SHARE:.0%} are refused whatever their number / botocore's adaptive mode",
            measured=ours[CHANCE]["seconds"] / found["adaptive", CHANCE]["seconds"],
            limit=0.3,
        ),
    ]


def _told(found: dict[tuple[str, str], dict[str, Any]]) -> str:
    return "; ".join(
        f"{side} {service}: {one['seconds']:.0f} s, {one['lost']} lost, {one['refused']} of {one['sent']} refused"
        for (side, service), one in found.items()
    )
