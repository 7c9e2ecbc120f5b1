"""Worlds small enough to count by hand the fewest calls that could decide every session in them.

One policy: stop what has been idle for half an hour. What counts as needed:

- every page of every list on the way to the sessions, as large as the service gives them: a session that is not listed is
  not seen, and an ended or young one is known for what it is by its row;
- the statements (Glue) or actions (Deadline Cloud) of each live session old enough to have been idle for that long: no
  list tells its use. All pages of them, because their order is not documented, unless an open one comes first;
- the tags of each session that would be stopped, those it inherits once for each parent: they may protect it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.emr_serverless_spark import ACCOUNT as ALIBABA_ACCOUNT
from tests.bench.worlds import Document, here

ALIBABA_REGION = "cn-hangzhou"
IDLE = {"name": "idle", "when": {"idle_for": ">= 30m"}, "then": "stop"}
OLD = {"name": "old", "when": {"age": "> 8h"}, "then": "stop", "even_when": ["undecidable"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedWorld:
    """A world, the fewest calls it takes, and what a sweep has to have seen and found in it."""

    what: str
    service: str
    document: Document
    policy: dict[str, Any]
    fewest: dict[str, int]
    seen: int
    would_stop: int


def glue() -> CountedWorld:
    """1630 sessions, of which the rows decide 1520."""
    ended = [{"id": f"ended-{n}", "created": "-9d", "state": "STOPPED"} for n in range(1200)]
    young = [{"id": f"young-{n}", "created": "-10m"} for n in range(300)]
    # Their statements do not show all that they do, so nothing can tell whether they are idle.
    connect = [{"id": f"connect-{n}", "created": "-9h", "session_type": "SPARK_CONNECT"} for n in range(20)]
    busy = [_ran(f"busy-{n}", {"started": "-1h", "state": "RUNNING"}) for n in range(60)]
    done = {"started": "-3h", "completed": "-2h"}
    idle = [_ran(f"idle-{n}", done) for n in range(40)]
    long = [_ran(f"long-{n}", *[done] * 250) for n in range(10)]
    return CountedWorld(
        what="glue",
        service="glue",
        document=here(glue=[*ended, *young, *connect, *busy, *idle, *long]),
        policy=IDLE,
        # 60 busy and 40 idle ones with a page of statements each, 10 with three pages.
        fewest={"glue:ListSessions": 2, "glue:ListStatements": 60 + 40 + 10 * 3, "glue:GetTags": 40 + 10},
        seen=1630,
        would_stop=50,
    )


def _ran(name: str, *statements: dict[str, str]) -> dict[str, Any]:
    return {"id": name, "created": "-9h", "statements": list(statements)}


def athena() -> CountedWorld:
    """60 workgroups, 45 of them with Spark; ten have sessions that are idle for long, one has three pages of others."""

    def session(name: str, idle_since: str) -> dict[str, str]:
        return {"id": name, "started": "-9h", "idle_since": idle_since}

    groups: list[dict[str, Any]] = [{"name": f"sql-{n}", "engine": "Athena engine version 3"} for n in range(15)]
    groups += [
        {"name": f"idle-{n}", "sessions": [session(f"idle-{n}-{m}", "-3h") for m in range(3)]} for n in range(10)
    ]
    groups += [{"name": f"used-{n}", "sessions": [session(f"used-{n}", "-5m")]} for n in range(34)]
    groups += [{"name": "many", "sessions": [session(f"many-{n}", "-5m") for n in range(250)]}]
    return CountedWorld(
        what="athena",
        service="athena",
        document=here(athena={"workgroups": groups}),
        policy=IDLE,
        fewest={
            "athena:ListWorkGroups": 2,
            # A list of active sessions for each of 45, one of them of three pages; and of degraded ones, which are not
            # documented to be among the active.
            "athena:ListSessions": (44 + 3) + 45,
            # 30 idle sessions in ten workgroups.
            "athena:ListTagsForResource": 30 + 10,
        },
        seen=10 * 3 + 34 + 250,
        would_stop=30,
    )


def deadline() -> CountedWorld:
    """Two farms of three fleets of thirty workers; each worker has a live session and two that have ended."""
    farms = [_farm(f"farm-{n}", [f"fleet-{m}" for m in range(3)], workers=30, jobs=5, finished=100) for n in range(2)]
    return CountedWorld(
        what="deadline",
        service="deadline",
        document=here(deadline={"farms": farms}),
        policy=IDLE,
        fewest={
            "deadline:ListFarms": 1,
            "deadline:ListFleets": 2,
            # Takes ten fleets at once and gives a hundred workers: one call a farm. (By job instead of by worker it would
            # be 2 queues, 4 pages of jobs and 210 jobs whose sessions are listed, in place of 2 and 180.)
            "deadline:SearchWorkers": 2,
            "deadline:ListSessionsForWorker": 180,
            # 60 young sessions, 60 busy ones and 60 idle ones.
            "deadline:ListSessionActions": 60 + 60,
            # Two farms, a queue each, three fleets each, the five jobs of each that have idle sessions, and their workers.
            "deadline:ListTagsForResource": 2 + 2 + 6 + 10 + 60,
        },
        seen=180 * 3,
        would_stop=60,
    )


def deadline_small_fleets() -> CountedWorld:
    """The worst there is for a list of workers by fleet: thirty fleets of a single worker each."""
    farm = _farm("farm", [f"fleet-{m}" for m in range(30)], workers=1, jobs=1, finished=100, likenesses=("idle",))
    return CountedWorld(
        what="deadline, fleets of one worker",
        service="deadline",
        document=here(deadline={"farms": [farm]}),
        policy=IDLE,
        fewest={
            "deadline:ListFarms": 1,
            "deadline:ListFleets": 1,
            "deadline:SearchWorkers": 3,
            "deadline:ListSessionsForWorker": 30,
            "deadline:ListSessionActions": 30,
            # A farm, a queue, a job, thirty fleets and their workers.
            "deadline:ListTagsForResource": 63,
        },
        seen=30 * 3,
        would_stop=30,
    )


def _farm(  # noqa: PLR0913 - what a farm has
    name: str,
    fleets: list[str],
    *,
    workers: int,
    jobs: int,
    finished: int,
    likenesses: tuple[str, ...] = ("young", "busy", "idle"),
) -> dict[str, Any]:
    lives = {
        "young": {"started": "-10m"},
        "busy": {"started": "-9h", "actions": [{"status": "RUNNING", "started": "-8h"}]},
        "idle": {"started": "-9h", "actions": [{"status": "SUCCEEDED", "started": "-8h", "ended": "-7h"}]},
    }

    def sessions(fleet: str, worker: int) -> list[dict[str, Any]]:
        of = {"queue": f"{name}-queue", "job": f"job-{worker // len(likenesses) % jobs}"}
        at = f"{name}-{fleet}-{worker}"
        ended = {"started": "-9d", "ended": "-8d", "state": "ENDED"}
        live = lives[likenesses[worker % len(likenesses)]]
        return [{"id": f"{at}-{n}", **of, **state} for n, state in enumerate((ended, ended, live))]

    return {
        "id": name,
        "queues": [{"id": f"{name}-queue", "jobs": [{"id": f"job-{n}"} for n in range(jobs + finished)]}],
        "fleets": [
            {
                "id": f"{name}-{fleet}",
                "workers": [{"id": f"{name}-{fleet}-{n}", "sessions": sessions(fleet, n)} for n in range(workers)],
            }
            for fleet in fleets
        ]
        # Where no worker is, no session is.
        + [{"id": f"{name}-empty", "workers": []}],
    }


def emr_serverless_spark() -> CountedWorld:
    """25 workspaces, one of them with three pages of sessions. Their rows tell all there is to know."""

    def sessions(workspace: int, count: int) -> list[dict[str, Any]]:
        return [{"id": f"sc-{workspace}-{n}", "name": "n", "started": "-9h", "state": "Running"} for n in range(count)]

    workspaces = [
        {"id": f"w-{n}", "name": f"team-{n}", "tags": {"team": str(n)}, "sessions": sessions(n, 45 if n == 0 else 2)}
        for n in range(25)
    ]
    return CountedWorld(
        what="emr-serverless-spark",
        service="emr-serverless-spark",
        document={"alibaba": {"account": ALIBABA_ACCOUNT, "regions": {ALIBABA_REGION: {"workspaces": workspaces}}}},
        policy=OLD,
        # Twenty a page, as in the vendor's examples; how many it may be is not documented. Tags come with the workspaces.
        fewest={"emr-serverless-spark:ListWorkspaces": 2, "emr-serverless-spark:ListSessionClusters": 24 + 3},
        seen=45 + 24 * 2,
        would_stop=45 + 24 * 2,
    )


WORLDS = (glue, athena, deadline, deadline_small_fleets, emr_serverless_spark)
