"""One embedded cloud and one client per service for all tests here; every test starts with an empty world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.session import Session as CoreSession

from localcloud.server import LocalServer

CONFIG = Config(inject_host_prefix=False, parameter_validation=False, retries={"total_max_attempts": 1}, read_timeout=5)


@pytest.fixture(scope="session")
def server() -> Iterator[LocalServer]:
    with LocalServer() as running:
        yield running


@pytest.fixture(scope="session")
def session() -> Any:
    return boto3.Session(botocore_session=CoreSession())


@pytest.fixture(scope="session")
def client(server: LocalServer, session: Any) -> Iterator[Callable[..., Any]]:
    """Clients that send what they are told, unchecked: rejecting is the business of the embedded cloud."""
    made: dict[tuple[str, str, str], Any] = {}

    def make(service: str, region: str = "us-east-1", account: str = "000000000000") -> Any:
        key = (service, region, account)
        if key not in made:
            made[key] = session.client(
                service,
                region_name=region,
                endpoint_url=server.url,
                aws_access_key_id=account,
                aws_secret_access_key="test",
                config=CONFIG,
            )
        return made[key]

    yield make
    for used in made.values():
        used.close()


@pytest.fixture
def cloud(server: LocalServer) -> LocalServer:
    server.gateway.reset()
    return server


@pytest.fixture
def glue(client: Callable[..., Any]) -> Any:
    return client("glue")


@pytest.fixture
def athena(client: Callable[..., Any]) -> Any:
    return client("athena")


@pytest.fixture
def deadline(client: Callable[..., Any]) -> Any:
    return client("deadline")


@pytest.fixture
def studio(cloud: LocalServer) -> dict[str, str]:
    """A farm with one worker that has one idle session, and their ids as request parameters."""
    cloud.world.add_farm(
        {
            "id": "studio",
            "tags": {"of": "farm"},
            "queues": [
                {
                    "id": "film",
                    "tags": {"of": "queue"},
                    "jobs": [{"id": "shot", "tags": {"of": "job"}, "created_by": "ada"}],
                }
            ],
            "fleets": [
                {
                    "id": "spot",
                    "tags": {"of": "fleet"},
                    "workers": [
                        {
                            "id": "w1",
                            "tags": {"of": "worker"},
                            "sessions": [
                                {
                                    "id": "idle",
                                    "queue": "film",
                                    "job": "shot",
                                    "started": "-3h",
                                    "actions": [{"status": "SUCCEEDED", "started": "-3h", "ended": "-2h"}],
                                }
                            ],
                        }
                    ],
                }
            ],
        }
    )
    session: Any = cloud.world.find("deadline", "idle")
    return {
        "farmId": next(iter(cloud.world.region().farms)),
        "queueId": session.queue,
        "jobId": session.job,
        "fleetId": session.fleet,
        "workerId": session.worker,
        "sessionId": session.id,
    }
