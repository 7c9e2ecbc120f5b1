"""The embedded cloud, once for all contract tests, and the providers on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from localcloud.client import LocalCloud
from localcloud.emr_serverless_spark import AlibabaServer
from localcloud.server import LocalServer
from localcloud.world import World
from reaper.providers.aws.clients import AwsClients
from tests.support.services import NOW, SERVICES, Cloud, Service, cloud_of
from tests.support.tables import LedgerBench, make_table, wire_of


@pytest.fixture(scope="session")
def aws_server() -> Iterator[LocalServer]:
    with LocalServer() as running:
        yield running


@pytest.fixture(scope="session")
def alibaba_server() -> Iterator[AlibabaServer]:
    with AlibabaServer(World()) as running:
        yield running


@pytest.fixture(scope="module")
def aws_clients(aws_server: LocalServer) -> Iterator[dict[int, AwsClients]]:
    """By the number of attempts they make; set up from the environment alone, as the product is."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DISABLE_HOST_PREFIX_INJECTION"):
            patch.delenv(name, raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, "/dev/null")
        for name, value in aws_server.env().items():
            # The product has to find out by itself that an address cannot bear the prefix of Deadline Cloud.
            if name != "AWS_DISABLE_HOST_PREFIX_INJECTION":
                patch.setenv(name, value)
        yield {
            attempts: AwsClients(config=Config(retries={"mode": "standard", "total_max_attempts": attempts}))
            for attempts in (1, 3)
        }


@pytest.fixture(params=SERVICES, ids=lambda service: service.name)
def service(request: pytest.FixtureRequest) -> Service:
    return request.param


@pytest.fixture
def cloud(
    service: Service, aws_server: LocalServer, alibaba_server: AlibabaServer, aws_clients: dict[int, AwsClients]
) -> Cloud:
    aws_server.gateway.reset()
    alibaba_server.world.reset()
    alibaba_server.faults.clear()
    alibaba_server.record.clear()
    for world in (aws_server.world, alibaba_server.world):
        world.clock.freeze(NOW)
    return cloud_of(service, aws_server, alibaba_server, aws_clients)


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[Any]:
    """A client of the embedded cloud's DynamoDB that sends every request a single time."""
    with LocalCloud.start() as running, pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_PROFILE", raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, "/dev/null")
        for name, value in running.env().items():
            patch.setenv(name, value)
        client = botocore.session.Session().create_client(
            "dynamodb",
            region_name="us-east-1",
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}, proxies={}),
        )
        yield client
        client.close()


@pytest.fixture
def bench(dynamodb: Any) -> Iterator[LedgerBench]:
    """A ledger on a new table in DynamoDB."""
    table = make_table(dynamodb)
    with wire_of(dynamodb) as wire:
        yield LedgerBench(dynamodb, table, wire)
