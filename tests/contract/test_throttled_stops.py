"""A scope whose service refuses three calls in ten and breaks down at four in a hundred: every stop is made, none twice.

Time is the threads' own: whoever sleeps is that much later. Which call meets what depends on the call alone.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

from localcloud.server import LocalServer
from reaper.core.policy.model import Guards
from reaper.core.report import Mode
from reaper.providers.aws.clients import AwsClients
from reaper.providers.calls import Calls
from reaper.providers.context import ProviderContext
from reaper.providers.factory import provider_factory
from reaper.sweep.instructions import Sweep
from reaper.sweep.run import run
from tests.support.services import ACCOUNT, GLUE, NOW, NOW_SECONDS, REGION
from tests.support.sessions import book, policy

SESSIONS = 20
THROTTLED, BROKEN = 0.30, 0.04
_KIND: Any = {"content-type": "application/x-amz-json-1.1"}


class Time:
    """Epoch seconds of whichever thread asks; a new thread begins where the main one is."""

    def __init__(self) -> None:
        self._slept: dict[int, float] = {}
        self._main = threading.get_ident()

    def __call__(self) -> float:
        return NOW_SECONDS + self._mine()

    def sleep(self, seconds: float) -> None:
        self._slept[threading.get_ident()] = self._mine() + seconds

    @property
    def passed(self) -> float:
        """Seconds until the last thread was done."""
        return max(self._slept.values(), default=0.0)

    def _mine(self) -> float:
        return self._slept.setdefault(threading.get_ident(), self._slept.get(self._main, 0.0))


class Trouble:
    """Answers some calls instead of the service; a stop that "fails" has been carried out, which is the worst there is."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._seen: Counter[bytes] = Counter()
        self._lock = threading.Lock()
        self._wire = URLLib3Session()
        self.met: Counter[str] = Counter()

    def before_send(self, request: Any, **_: object) -> AWSResponse | None:
        call = f"{request.headers['X-Amz-Target']} {request.body!r}".encode()
        with self._lock:
            self._seen[call] += 1
            fate = zlib.crc32(b"%d %d %s" % (self._seed, self._seen[call], call)) / 2**32
        if fate < THROTTLED:
            self.met["throttled"] += 1
            return self._answer(request, 400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}')
        if fate < THROTTLED + BROKEN:
            self.met["broken"] += 1
            if b"StopSession" in call:
                self._wire.send(request)
            return self._answer(request, 500, b'{"__type":"InternalServiceException","message":"oh"}')
        return None

    @staticmethod
    def _answer(request: Any, status: int, content: bytes) -> AWSResponse:
        return AWSResponse(request.url, status, _KIND, _Body(content))


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._content


@pytest.mark.usefixtures("aws_clients")
@pytest.mark.parametrize("seed", range(5))
def test_every_stop_is_made_in_under_a_minute_and_none_twice(
    aws_server: LocalServer, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    aws_server.gateway.reset()
    aws_server.world.clock.freeze(NOW)
    aws_server.world.seed(GLUE.document([GLUE.row(f"s-{number}", "idle") for number in range(SESSIONS)]))
    clock, trouble, calls = Time(), Trouble(seed), Calls()
    for module in ("reaper.providers.aws.pace", "botocore.endpoint"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(monotonic=clock, time=time.time, sleep=clock.sleep))
    session = botocore.session.Session()
    # What a handler of this event returns is the answer; the stubs know of none.
    handler: Any = trouble.before_send
    session.register("before-send", handler)
    context = ProviderContext(account=ACCOUNT, region=REGION, calls=calls, aws=AwsClients(session, calls=calls))

    report = run(
        Sweep(
            run_id="r-1",
            mode=Mode.ENFORCE,
            book=book(policy("stop"), guards=Guards(max_stop_share=1.0)),
            providers=[provider_factory("glue")(context)],
            counter=calls,
            clock=clock,
            pause=clock.sleep,
        )
    )

    sent = Counter(call.parameters["Id"] for call in aws_server.calls.list("glue", "StopSession"))
    assert sent == {f"s-{number}": 1 for number in range(SESSIONS)}
    assert Counter(finding.outcome.value for finding in report.findings).keys() <= {"stopped", "already_gone"}
    assert report.blind == ()
    assert trouble.met["throttled"] > SESSIONS
    assert trouble.met["broken"] > 0
    assert clock.passed < 60
