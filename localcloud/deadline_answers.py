"""What Deadline Cloud says about each kind of thing: the answers' structures."""

from __future__ import annotations

from typing import Any

from localcloud.service import ENDING_SECONDS, Context
from localcloud.state import Action, DeadlineSession, Farm, Fleet, Job, Queue, Worker

_SOMEONE = "arn:aws:iam::000000000000:user/someone"
_STEP = "step-00000000000000000000000000000000"


def _made(context: Context, created: float | None) -> dict[str, Any]:
    # Everything has a creation date on the wire; documents need not bother.
    moment = context.world.seeded_at if created is None else created
    return {"createdAt": context.seen(moment), "createdBy": _SOMEONE}


def farm(context: Context, found: Farm) -> dict[str, Any]:
    """Return a farm, as GetFarm and ListFarms give it."""
    made = _made(context, found.created)
    details = {"costScaleFactor": 1.0} if context.operation == "GetFarm" else {}
    return {"farmId": found.id, "displayName": found.name, **made, **details}


def queue(context: Context, owner: Farm, found: Queue) -> dict[str, Any]:
    """Return a queue, as GetQueue and ListQueues give it."""
    return {
        "farmId": owner.id,
        "queueId": found.id,
        "displayName": found.name,
        "status": found.status,
        "defaultBudgetAction": "NONE",
        **_made(context, found.created),
    }


def fleet(context: Context, owner: Farm, found: Fleet) -> dict[str, Any]:
    """Return a customer-managed fleet, as ListFleets gives it."""
    count = len(found.workers) if found.worker_count is None else found.worker_count
    capabilities = {
        "vCpuCount": {"min": 1},
        "memoryMiB": {"min": 1024},
        "osFamily": "LINUX",
        "cpuArchitectureType": "x86_64",
    }
    return {
        "fleetId": found.id,
        "farmId": owner.id,
        "displayName": found.name,
        "status": found.status,
        "workerCount": count,
        "minWorkerCount": 0,
        "maxWorkerCount": max(count, 10),
        "configuration": {"customerManaged": {"mode": "NO_SCALING", "workerCapabilities": capabilities}},
        **_made(context, found.created),
    }


def fleet_details(context: Context, owner: Farm, found: Fleet) -> dict[str, Any]:
    """Return a fleet, as GetFleet gives it."""
    return {**fleet(context, owner, found), "roleArn": "arn:aws:iam::000000000000:role/DeadlineFleet"}


def job(context: Context, found: Job) -> dict[str, Any]:
    """Return a job, as GetJob and ListJobs give it."""
    return {
        "jobId": found.id,
        "name": found.name,
        "lifecycleStatus": "CREATE_COMPLETE",
        "lifecycleStatusMessage": "",
        "priority": 50,
        "taskRunStatus": found.status,
        **_made(context, found.created),
        "createdBy": found.created_by,
    }


def worker(context: Context, owner: Farm, of: Fleet, found: Worker) -> dict[str, Any]:
    """Return a worker, as ListWorkers gives it."""
    made = _made(context, found.created)
    return {"farmId": owner.id, "fleetId": of.id, "workerId": found.id, "status": found.status, **made}


def found_worker(context: Context, owner: Farm, of: Fleet, found: Worker) -> dict[str, Any]:
    """Return a worker, as SearchWorkers gives it: without its farm."""
    row = worker(context, owner, of, found)
    del row["farmId"]
    return row


def settled(context: Context, found: DeadlineSession) -> DeadlineSession:
    """Return the session, ended by now if it was told to long enough ago."""
    since = found.ending_since
    if since is not None and found.ended is None and context.now() >= since + ENDING_SECONDS:
        found.state, found.ended = "ENDED", since + ENDING_SECONDS
    return found


def worker_session(context: Context, found: DeadlineSession) -> dict[str, Any]:
    """Return a session, as ListSessionsForWorker gives it: with queue and job."""
    return {
        "sessionId": found.id,
        "queueId": found.queue,
        "jobId": found.job,
        **_life(context, found),
    }


def session(context: Context, found: DeadlineSession) -> dict[str, Any]:
    """Return a session, as ListSessions gives it: with fleet and worker."""
    return {
        "sessionId": found.id,
        "fleetId": found.fleet,
        "workerId": found.worker,
        **_life(context, found),
    }


def session_details(context: Context, found: DeadlineSession) -> dict[str, Any]:
    """Return a session, as GetSession gives it."""
    return {**session(context, found), "log": {"logDriver": "awslogs"}}


def action(context: Context, found: Action) -> dict[str, Any]:
    """Return a session action, as ListSessionActions gives it."""
    return {
        "sessionActionId": found.id,
        "status": found.status,
        "startedAt": context.seen(found.started),
        "endedAt": context.seen(found.ended),
        "definition": {"taskRun": {"stepId": _STEP, "parameters": {}}},
    }


def _life(context: Context, found: DeadlineSession) -> dict[str, Any]:
    settled(context, found)
    return {
        "startedAt": context.seen(found.started),
        "lifecycleStatus": found.state,
        "endedAt": context.seen(found.ended),
        "targetLifecycleStatus": found.target,
        **found.extra,
    }
