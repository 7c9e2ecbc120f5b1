"""The deployed handler on embedded services, once for all tests here; every test begins with a world of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.emr_serverless_spark import AlibabaServer
from localcloud.server import LocalServer
from localcloud.world import World
from tests.support.backing import BackingServer
from tests.support.deployed import Deployed, deploy


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[BackingServer, LocalServer, AlibabaServer]]:
    with BackingServer() as backing, LocalServer() as aws, AlibabaServer(World()) as alibaba:
        yield backing, aws, alibaba


@pytest.fixture
def deployed(
    servers: tuple[BackingServer, LocalServer, AlibabaServer],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Deployed:
    # A throttled stop is asked for again without waiting.
    monkeypatch.setattr("reaper.sweep.act.LONGEST_PAUSE", 0.0)
    return deploy(monkeypatch, lambda: capsys.readouterr().out, *servers)
