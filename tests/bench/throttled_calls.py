"""Calls of a service that refuses some: ``python -m tests.bench.throttled_calls ours|adaptive|standard SERVICE``.

``SERVICE`` is ``quota:RATE:BURST``, a token bucket, or ``random:SHARE``, which refuses that share of all calls. Prints
seconds, and how many calls were lost, sent and refused. Answers take 0.2 s and come from within this process.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from reaper.providers.aws.clients import THREADS, AwsClients
from tests.bench.say import say_json
from tests.bench.worlds import REGION

CALLS = 300
LATENCY = 0.2
_KIND: Any = {"content-type": "application/x-amz-json-1.1"}


class Body:
    """What botocore reads an answer from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._content


class Service:
    """Answers instead of the network, at the rate it is told."""

    def __init__(self, answers: Callable[[], bool]) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self.sent = self.refused = 0

    def before_send(self, request: Any, **_: object) -> AWSResponse:
        time.sleep(LATENCY)
        with self._lock:
            answered = self._answers()
            self.sent += 1
            self.refused += not answered
        if answered:
            return AWSResponse(request.url, 200, _KIND, Body(b'{"Session":{"Id":"x"}}'))
        return AWSResponse(request.url, 400, _KIND, Body(b'{"__type":"ThrottlingException","message":"Rate exceeded"}'))


def quota(rate: float, burst: float) -> Callable[[], bool]:
    """A token bucket."""
    left, last = burst, time.monotonic()

    def answers() -> bool:
        nonlocal left, last
        now = time.monotonic()
        left, last = min(burst, left + (now - last) * rate), now
        if left < 1:
            return False
        left -= 1
        return True

    return answers


def chance(share: float) -> Callable[[], bool]:
    """Independent refusals."""
    luck = random.Random(7)  # noqa: S311 - to be the same every time
    return lambda: luck.random() >= share


def client_of(side: str) -> Any:
    """A client as the product makes it, or as botocore does in one of its modes, with as many attempts."""
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    if side == "ours":
        return AwsClients().client("glue", REGION)
    config = Config(retries={"mode": side, "total_max_attempts": 10}, max_pool_connections=THREADS)  # type: ignore[typeddict-item] - named on the command line
    return botocore.session.Session().create_client("glue", region_name=REGION, config=config)


def main() -> None:
    """Make the calls and say what became of them."""
    side, (kind, *numbers) = sys.argv[1], sys.argv[2].split(":")
    service = Service({"quota": quota, "random": chance}[kind](*map(float, numbers)))
    client = client_of(side)
    client.meta.events.register("before-send", service.before_send)

    def call(_: int) -> bool:
        try:
            client.get_session(Id="x")
        except ClientError:
            return False
        return True

    started = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        lost = sum(not answered for answered in pool.map(call, range(CALLS)))
    say_json({"seconds": time.monotonic() - started, "lost": lost, "sent": service.sent, "refused": service.refused})


if __name__ == "__main__":
    main()
