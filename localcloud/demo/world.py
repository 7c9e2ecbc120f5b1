"""The world of the demo: sessions of all four services, and what has to become of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from localcloud.client import LocalCloud
from localcloud.document import deadline_id

ACCOUNT: Final = "000000000000"
REGION: Final = "us-east-1"
ALIBABA_REGION: Final = "cn-hangzhou"
ALIBABA_ACCOUNT: Final = "1234567890123456"
DENIED_WORKGROUP: Final = "finance"
WAKES_UP: Final = "retrain-forecast"

LEFT_ALONE: Final = "left alone"
"""What becomes of a session that no policy has anything to say about: it is not in the report."""


@dataclass(frozen=True, slots=True)
class Character:
    """One session of the story: what is the matter with it, and what has to become of it (an outcome of the report).

    ``at_work`` is true of one whose work has to go on to the end of the story.
    """

    service: str
    id: str
    matter: str
    outcome: str
    at_work: bool = False


CHARACTERS: Final = (
    Character("glue", "churn-exploration", "ten workers, last statement five hours ago", "stopped"),
    Character("glue", "glue-studio-datapreview-7c1f", "a preview that the visual editor left behind", "stopped"),
    Character("glue", "old-campaign", "idle; asked to be kept until a day that has passed", "stopped"),
    Character("glue", WAKES_UP, "idle, but its owner comes back just before the stop", "spared", at_work=True),
    Character("glue", "fraud-scoring", "idle, tagged env=prod-eu", "protected"),
    Character("glue", "thesis-figures", "idle; its owner asked to keep it for another week", "protected"),
    Character("glue", "connect-notebook", "Spark Connect: what it does cannot be seen", "undetermined"),
    Character("glue", "clickstream", "streaming: may be at work with no statement open", "undetermined"),
    Character("glue", "standup-dashboard", "used four minutes ago, but allowed to idle for two days", "reported"),
    Character("glue", "nightly-backfill", "one statement, running for three hours", LEFT_ALONE, at_work=True),
    Character("athena", "8a0e1c52-ana-notebook", "its notebook was closed three hours ago", "stopped"),
    Character("athena", "5d27f9b4-cohort-study", "a calculation is running", LEFT_ALONE, at_work=True),
    Character("athena", "c91b6e08-ab-test", "idle for five minutes", LEFT_ALONE),
    Character(
        "deadline", deadline_id("session", "lingering"), "nothing to do for two hours, on a paid worker", "stopped"
    ),
    Character("deadline", deadline_id("session", "rendering"), "rendering frame 118", LEFT_ALONE, at_work=True),
    Character("emr-serverless-spark", "sc-adhoc-sql", "up for three days", "reported"),
    Character("emr-serverless-spark", "sc-forever", "its auto stop is switched off", "reported"),
    Character("emr-serverless-spark", "sc-this-morning", "three hours old, stops by itself", LEFT_ALONE),
)


def populate(cloud: LocalCloud) -> None:
    """Put everybody on the stage, let one owner come back at the worst moment, and one workgroup deny its reading."""
    cloud.seed(_document(datetime.now(UTC)))
    # Right after the sweep has seen it idle, and before it looks again to stop it.
    cloud.wake("glue", WAKES_UP, operation="ListStatements", match={"SessionId": WAKES_UP})
    cloud.fault("denied", "athena", "ListSessions", match={"WorkGroup": DENIED_WORKGROUP})


def _document(now: datetime) -> dict[str, Any]:
    aws = {"glue": _glue(now), "athena": {"workgroups": _athena()}, "deadline": {"farms": [_farm()]}}
    return {
        "accounts": {ACCOUNT: {REGION: aws}},
        "alibaba": {"account": ALIBABA_ACCOUNT, "regions": {ALIBABA_REGION: {"workspaces": [_workspace()]}}},
    }


def _glue(now: datetime) -> list[dict[str, Any]]:
    in_a_week = (now + timedelta(days=7)).date().isoformat()
    last_week = (now - timedelta(days=7)).date().isoformat()
    running = {"state": "RUNNING", "started": "-3h"}
    return [
        {
            "id": "churn-exploration",
            "created": "-9h",
            "workers": 10,
            "idle_timeout_minutes": 2880,
            "tags": {"owner": "ana", "team": "growth"},
            "statements": [_ran("-8h"), _ran("-5h")],
        },
        {"id": "glue-studio-datapreview-7c1f", "created": "-2h", "workers": 2, "tags": {"owner": "ben"}},
        {
            "id": "old-campaign",
            "created": "-30h",
            "tags": {"owner": "cho", "session-reaper/keep-until": last_week},
            "statements": [_ran("-28h")],
        },
        {"id": WAKES_UP, "created": "-6h", "tags": {"owner": "dee"}, "statements": [_ran("-95m")]},
        {"id": "fraud-scoring", "created": "-20h", "tags": {"env": "prod-eu"}, "statements": [_ran("-4h")]},
        {
            "id": "thesis-figures",
            "created": "-26h",
            "tags": {"owner": "eli", "session-reaper/keep-until": in_a_week},
            "statements": [_ran("-12h")],
        },
        {"id": "connect-notebook", "created": "-7h", "session_type": "SPARK_CONNECT", "tags": {"owner": "fay"}},
        {"id": "clickstream", "created": "-3d", "command": "gluestreaming", "statements": [_ran("-70h")]},
        {
            "id": "standup-dashboard",
            "created": "-50m",
            "idle_timeout_minutes": 2880,
            "tags": {"owner": "gus"},
            "statements": [_ran("-4m")],
        },
        {"id": "nightly-backfill", "created": "-4h", "workers": 20, "statements": [running]},
        {"id": "yesterday", "created": "-30h", "state": "STOPPED", "completed": "-22h"},
    ]


def _ran(when: str) -> dict[str, str]:
    return {"state": "AVAILABLE", "started": when, "completed": when}


def _athena() -> list[dict[str, Any]]:
    calculation = {"id": "cohorts", "state": "RUNNING", "started": "-20m"}
    science = [
        {
            "id": "8a0e1c52-ana-notebook",
            "started": "-6h",
            "idle_since": "-3h",
            "idle_timeout_minutes": 480,
            "tags": {"owner": "ana"},
        },
        {"id": "5d27f9b4-cohort-study", "started": "-2h", "state": "BUSY", "calculations": [calculation]},
        {"id": "c91b6e08-ab-test", "started": "-1h", "idle_since": "-5m", "tags": {"owner": "hal"}},
    ]
    return [
        {"name": "science", "engine": "PySpark engine version 3", "sessions": science},
        {
            "name": DENIED_WORKGROUP,
            "engine": "PySpark engine version 3",
            "sessions": [{"id": "unseen", "started": "-9h"}],
        },
        {"name": "dashboards", "engine": "Athena engine version 3"},
    ]


def _farm() -> dict[str, Any]:
    done = {"status": "SUCCEEDED", "started": "-3h", "ended": "-2h"}
    rendering = {"status": "RUNNING", "started": "-25m"}
    return {
        "id": "studio",
        "queues": [
            {
                "id": "film",
                "jobs": [{"id": "shot-042", "created_by": "ida"}, {"id": "shot-118", "created_by": "ida"}],
            }
        ],
        "fleets": [
            {
                "id": "spot",
                "workers": [
                    {"id": "w1", "sessions": [_session("lingering", "shot-042", done)]},
                    {"id": "w2", "sessions": [_session("rendering", "shot-118", rendering)]},
                ],
            }
        ],
    }


def _session(name: str, job: str, action: Mapping[str, str]) -> dict[str, Any]:
    return {"id": name, "queue": "film", "job": job, "started": "-3h", "actions": [action]}


def _workspace() -> dict[str, Any]:
    auto_stop = {"enable": True, "minutes": 45}
    return {
        "id": "w-analytics",
        "name": "analytics",
        "tags": {"team": "analytics"},
        "sessions": [
            {
                "id": "sc-adhoc-sql",
                "name": "ad hoc",
                "kind": "SQL",
                "started": "-3d",
                "user": "jun",
                "auto_stop": auto_stop,
            },
            {"id": "sc-forever", "name": "forever", "started": "-5h", "user": "kim", "auto_stop": {"enable": False}},
            {"id": "sc-this-morning", "name": "this morning", "started": "-3h", "user": "lee", "auto_stop": auto_stop},
        ],
    }
