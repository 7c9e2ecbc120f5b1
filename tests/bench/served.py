"""The embedded cloud in a process of its own, so that its work is not counted as anybody's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from localcloud.server import LocalServer
from tests.bench.say import say_json
from tests.bench.worker import worker
from tests.bench.worlds import ACCOUNT, REGION, WORLDS


@contextmanager
def served(world: str, latency: float = 0.0) -> Iterator[dict[str, str]]:
    """The environment that points an SDK at ``world``, in which every call takes ``latency`` seconds longer."""
    with worker("tests.bench.served", world, str(latency)) as cloud:
        yield cloud.prepared


def main() -> None:
    """Serve the world named on the command line until standard input ends."""
    with LocalServer() as cloud:
        cloud.world.seed(WORLDS[sys.argv[1]]())
        if latency := float(sys.argv[2]):
            cloud.faults.add("slow", seconds=latency)
        say_json(cloud.env(ACCOUNT, REGION))
        sys.stdin.read()


if __name__ == "__main__":
    main()
