"""``make soak``: days after days of the simulation, until time is up or a promise is broken."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.days import Simulation
from tests.simulation.test_days import HOURS


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long to go on (default: %(default)g)")
    parser.add_argument("--seed", type=int, default=1000, help="the first seed (default: %(default)s)")
    parser.add_argument("--days", type=int, help="how many seeds, each a day, instead of how long")
    wanted = parser.parse_args()
    seen, until, seed = Counter[str](), time.monotonic() + wanted.minutes * 60, wanted.seed
    while seed < wanted.seed + wanted.days if wanted.days else time.monotonic() < until:
        tally = Simulation(seed).go_on(HOURS)
        seen += tally.events
        if tally.breaches:
            print(*tally.breaches, sep="\n")  # noqa: T201 - a command
            print(f"Again: make soak ARGS='--seed {seed} --days 1'")  # noqa: T201
            return 1
        seed += 1
        if (seed - wanted.seed) % 50 == 0:
            print(f"{seed - wanted.seed} days, no promise broken", file=sys.stderr)  # noqa: T201
    told = ", ".join(f"{count} {event}" for event, count in sorted(seen.items()))
    print(f"Seeds {wanted.seed} to {seed - 1}, a day each, and no promise was broken: {told}.")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
