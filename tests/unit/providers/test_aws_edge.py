"""The edge to AWS: timestamps, clients, pages, parents."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from reaper.core.facts import Undecidable
from reaper.providers.aws.clients import AwsClients, Patience
from reaper.providers.aws.parents import ParentTags
from reaper.providers.aws.service import AwsService
from reaper.providers.aws.timestamps import parse_timestamp
from reaper.providers.instants import Instants
from reaper.sweep.ports import ProviderError, Trouble

REGION = "eu-central-1"


# Timestamps


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("2026-03-01T10:00:00.250Z", datetime(2026, 3, 1, 10, 0, 0, 250000, tzinfo=UTC)),
        ("2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=2)))),
        ("2026-03-01T10:00:00", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (1772359200, datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (1772359200.25, datetime(2026, 3, 1, 10, 0, 0, 250000, tzinfo=UTC)),
        # Digits alone must not be taken for a compact date: this one would be a day in the year 1710.
        ("1710102004", datetime(2024, 3, 10, 20, 20, 4, tzinfo=UTC)),
        ("1772359200", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("Sun, 01 Mar 2026 10:00:00 GMT", datetime(2026, 3, 1, 10, tzinfo=UTC)),
    ],
)
def test_reads_every_way_to_write_a_timestamp(given, read):
    assert parse_timestamp(given) == read


@pytest.mark.parametrize("given", ["not a date at all", "2026-13-45T99:00:00Z", float("nan"), 1e300, [], ""])
def test_a_garbled_timestamp_is_missing_and_hides_nothing_else(given):
    assert parse_timestamp(given) is None


# Clients


def service(region: str = REGION, clients: AwsClients | None = None) -> AwsService:
    return AwsService(clients or AwsClients(), "glue", "AWS Glue", "111122223333", region, Instants("AWS Glue", 0.0))


def test_makes_one_client_however_many_threads_ask():
    clients = AwsClients()
    barrier = threading.Barrier(8)

    def ask(_: int) -> int:
        barrier.wait()
        return id(clients.client("glue", REGION))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


@pytest.mark.parametrize(
    ("endpoint", "prefixed"),
    [
        ("http://127.0.0.1:4566", False),
        ("http://[::1]:4566", False),
        ("http://localhost:4566", False),
        ("https://deadline.example.com", True),
        (None, True),
    ],
)
def test_hosts_are_prefixed_except_where_they_cannot_be(monkeypatch, endpoint, prefixed):
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)

    client: Any = AwsClients().client("deadline", REGION)

    assert client.meta.config.inject_host_prefix is prefixed


def test_whoever_switched_the_prefix_off_is_heeded(monkeypatch):
    monkeypatch.setenv("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")

    client: Any = AwsClients().client("deadline", REGION)

    assert client.meta.config.inject_host_prefix is False


def attempts_of(client: Any) -> tuple[str, int]:
    return client.meta.config.retries["mode"], client.meta.config.retries["total_max_attempts"]


def test_reads_are_patient_and_stops_are_sent_once():
    clients = AwsClients()

    assert attempts_of(clients.client("glue", REGION)) == ("standard", 10)
    assert attempts_of(clients.client("glue", REGION, Patience.ONCE)) == ("standard", 1)


def test_right_before_a_stop_reads_give_up_within_seconds():
    brisk: Any = AwsClients().client("glue", REGION, Patience.BRISK)

    assert attempts_of(brisk) == ("standard", 2)
    assert (brisk.meta.config.connect_timeout, brisk.meta.config.read_timeout) == (2, 3)


def test_configuration_of_ones_own_is_merged_over_the_default():
    config: Any = AwsClients(config=Config(read_timeout=1)).client("glue", REGION).meta.config

    assert (config.read_timeout, config.connect_timeout, config.max_pool_connections) == (1, 5, 16)


@pytest.mark.parametrize(
    ("region", "arn"),
    [
        (REGION, "arn:aws:glue:eu-central-1:111122223333:session/a"),
        ("cn-north-1", "arn:aws-cn:glue:cn-north-1:111122223333:session/a"),
        ("us-gov-west-1", "arn:aws-us-gov:glue:us-gov-west-1:111122223333:session/a"),
    ],
)
def test_arns_are_of_the_regions_partition(region, arn):
    assert service(region).arn("session/a") == arn


# Pages


def stubbed(*answers: tuple[dict, dict]) -> AwsService:
    clients = AwsClients(botocore.session.get_session())
    stubber = Stubber(clients.client("glue", REGION))
    for parameters, answer in answers:
        stubber.add_response("list_sessions", answer, parameters)
    stubber.activate()
    return service(clients=clients)


def test_tokens_that_alternate_do_not_spin():
    glue = stubbed(
        ({}, {"Sessions": [{"Id": "a"}], "NextToken": "1"}),
        ({"NextToken": "1"}, {"Sessions": [{"Id": "b"}], "NextToken": "2"}),
        ({"NextToken": "2"}, {"Sessions": [{"Id": "c"}], "NextToken": "1"}),
    )
    seen: list[str] = []
    ids = (row["Id"] for page in glue.pages("ListSessions", "Sessions") for row in page)

    with pytest.raises(ProviderError, match="answered in eu-central-1 with a page token for the second time") as caught:
        seen.extend(ids)

    assert seen == ["a", "b", "c"]
    assert caught.value.trouble is Trouble.GARBLED


def test_entries_without_an_id_make_a_list_incomplete():
    glue = service()

    glue.refuse_nameless("ListSessions", "", 0)
    with pytest.raises(ProviderError, match="with 2 entries that have no id: what it lists is incomplete"):
        glue.refuse_nameless("ListSessions", "", 2)


# Parents


def test_a_parent_is_looked_up_once_however_many_threads_ask():
    looked_up: list[str] = []
    barrier = threading.Barrier(8)
    parents = ParentTags[str](lambda parent: looked_up.append(parent) or {"of": parent})

    def ask(_: int) -> object:
        barrier.wait()
        return parents.of("science")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [{"of": "science"}] * 8
    assert looked_up == ["science"]


def test_later_parents_win_and_one_that_cannot_be_read_makes_all_undecidable():
    doubt = Undecidable("denied")
    tags = {"farm": {"a": "farm", "b": "farm"}, "queue": {"b": "queue"}, "broken": doubt}
    parents = ParentTags[str](lambda parent: tags[parent])

    assert parents.inherited(["farm", "queue"]) == {"a": "farm", "b": "queue"}
    assert parents.inherited(["farm", "broken", "queue"]) == doubt


def test_what_was_forgotten_is_looked_up_afresh():
    answers = iter([Undecidable("throttled"), {"keep": "yes"}])
    parents = ParentTags[str](lambda _: next(answers))

    assert parents.of("science") == Undecidable("throttled")
    assert parents.of("science") == Undecidable("throttled")
    parents.forget("science", "nobody")
    assert parents.of("science") == {"keep": "yes"}
