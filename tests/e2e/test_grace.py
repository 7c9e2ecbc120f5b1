"""What is remembered between sweeps, in the deployed stack: its own schedule fires, its own ledger remembers.

A minute of the schedule lasts a few seconds here; the function's clock is the real one, so the grace is short too.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.client import LocalCloud
from localcloud.deployment import Deployment, Inbox, bootstrap, deploy

pytestmark = pytest.mark.e2e

MINUTE = 4.0
POLICIES = {
    "version": 1,
    "policies": [{"name": "idle", "when": {"phase": "idle"}, "then": "stop", "grace": "6s"}],
}
IDLE = {
    "id": "notebook",
    "state": "READY",
    "created": "-9h",
    "statements": [{"state": "AVAILABLE", "started": "-3h", "completed": "-3h"}],
}


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud.start(minute=MINUTE) as cloud:
        bootstrap(cloud)
        cloud.seed({"accounts": {"000000000000": {"us-east-1": {"glue": [IDLE]}}}})
        yield cloud


@pytest.fixture(scope="module")
def deployment(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    policies: Path = tmp_path_factory.mktemp("policies") / "policies.json"
    policies.write_text(json.dumps(POLICIES))
    return deploy(
        cloud,
        {
            "mode": "enforce",
            "services": "glue",
            "schedule": "rate(1 minute)",
            "policies": str(policies),
            "notify": "always",
        },
    )


def told(inbox: Inbox, wanted: str) -> dict:
    """The next report that has news of the session; it has to be ``wanted``."""
    while True:
        for finding in inbox.receive(60).report["findings"]:
            if finding.get("news", True):
                assert finding["outcome"] == wanted, finding
                return finding


def test_warn_use_reset_warn_stop_confirmed_over_scheduled_sweeps(cloud, deployment):
    inbox = deployment.subscribe()
    deployment.forget()
    first = told(inbox, "warned")
    assert "grace of 6s" in first["detail"]

    cloud.work("glue", "notebook")
    cloud.complete("glue", "notebook")
    second = told(inbox, "warned")
    assert second["facts"]["idle_for"] < 60
    assert cloud.stops() == []

    told(inbox, "stopped")
    assert [stop["session"] for stop in cloud.stops()] == ["notebook"]
    assert cloud.violations() == []

    confirmed = told(inbox, "confirmed")
    assert confirmed["ref"]["id"] == "notebook"

    table = deployment.outputs["LedgerTableName"]
    items = deployment.client("dynamodb").scan(TableName=table)["Items"]
    [memory] = [item for item in items if item["pk"]["S"].startswith("session/")]
    assert {"promise", "stopped_at", "confirmed_at"} <= memory.keys()


def test_each_sweep_recorded_what_it_saw(deployment):
    s3 = deployment.client("s3")
    bucket = deployment.outputs["HistoryBucketName"]
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix="facts/v1/")["Contents"]]
    rows = [
        json.loads(line)
        for key in keys
        for line in gzip.decompress(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).splitlines()
    ]
    assert {row["id"] for row in rows} == {"notebook"}
    assert all(key.startswith("facts/v1/dt=") for key in keys)
