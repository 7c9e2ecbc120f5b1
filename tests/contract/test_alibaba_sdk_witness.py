"""The vendor's own SDK as a witness: the embedded cloud is what it expects, and our requests are the ones it sends."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-witness" / "bin" / "python"


@pytest.fixture(scope="module")
def seen():
    assert PYTHON.exists(), "the witness environment is missing: run `make setup`"
    script = ROOT / "tests" / "witness" / "alibaba_sdk.py"
    # The SDK takes a proxy of the environment even to this machine.
    env = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run([PYTHON, script], env=env, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_sdk_reads_workspaces_and_their_tags(seen):
    assert seen["walked"]["workspaces"] == [["w-science", "science", {"team": "ml"}]]


def test_the_sdk_reads_every_page_of_session_clusters(seen):
    pages = seen["walked"]["pages"]

    assert [len(page) for page in pages] == [20, 20, 5]
    assert len({session for page in pages for session in page}) == 45


def test_the_sdk_understands_a_session_cluster(seen):
    assert seen["walked"]["sc-7"] == {
        "state": "Running",
        "kind": "SQL",
        "queue": "root_queue",
        "user": "ada",
        "start_time": 1772359200000,
        "auto_stop": {"enable": True, "idleTimeoutMinutes": 45},
        "has_connection_token": True,
    }


def test_the_sdk_stops_a_session_cluster_once(seen):
    assert seen["stopped"] == {
        "accepted": "sc-7",
        "state": "Stopping",
        "again": ["OperationDenied.SessionClusterState", 400],
    }


def test_the_sdk_is_refused_with_a_wrong_secret(seen):
    assert seen["wrong_secret"] == ["SignatureDoesNotMatch", 400]


def test_our_requests_are_those_of_the_sdk(seen):
    compared = seen["compared"]

    assert [pair["ours"]["headers"]["x-acs-action"] for pair in compared] == [
        "ListWorkspaces",
        "ListSessionClusters",
        "ListSessionClusters",
        "ListSessionClusters",
        "GetSessionCluster",
        "StopSessionCluster",
    ]
    for pair in compared:
        assert pair["ours"] == pair["theirs"]


def test_our_signature_is_that_of_the_sdk(seen):
    assert seen["signatures"]["ours"] == seen["signatures"]["theirs"]
