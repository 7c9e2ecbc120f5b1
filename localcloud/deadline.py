"""Deadline Cloud: farms, their queues and jobs, their fleets and workers, and the sessions where the two meet.

Lists of sessions include the ended ones. UpdateSession answers 409 ConflictException to a session that has ended or is
being ended already; otherwise the session ends a while later, and whatever it was doing is killed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud import deadline_answers as answers
from localcloud.service import Context, Handler, Page, Trouble, paginate
from localcloud.state import DEADLINE_OPEN, DeadlineSession, Farm, Fleet, Job, Queue, Region, Worker
from localcloud.wire import ServiceError

Parameters = Mapping[str, Any]


def _page(items: str) -> Page:
    return Page(items, "nextToken", "nextToken", "maxResults", 100)


class Deadline:
    """The emulation of Deadline Cloud."""

    name = "deadline"
    pages: Mapping[str, Page] = {
        "ListFarms": _page("farms"),
        "ListQueues": _page("queues"),
        "ListFleets": _page("fleets"),
        "ListJobs": _page("jobs"),
        "ListWorkers": _page("workers"),
        "ListSessions": _page("sessions"),
        "ListSessionsForWorker": _page("sessions"),
        "ListSessionActions": _page("sessionActions"),
        "SearchWorkers": Page("workers", "nextItemOffset", "itemOffset", "pageSize", 100),
    }
    trouble = Trouble(
        invalid="ValidationException",
        bad_token="ValidationException",  # noqa: S106
        broken="InternalServerErrorException",
        status=403,
        throttled_status=429,
        members={"reason": "FIELD_VALIDATION_FAILED"},
    )

    def __init__(self) -> None:
        self.operations: Mapping[str, Handler] = {
            "ListFarms": self._list_farms,
            "GetFarm": lambda context, given: answers.farm(context, _farm(context, given)),
            "ListQueues": self._listing("queues", lambda farm, _: farm.queues, answers.queue),
            "GetQueue": lambda context, given: answers.queue(context, *_queue(context, given)),
            "ListFleets": self._listing("fleets", lambda farm, _: farm.fleets, answers.fleet),
            "GetFleet": lambda context, given: answers.fleet_details(context, *_fleet(context, given)),
            "ListJobs": self._list_jobs,
            "GetJob": lambda context, given: answers.job(context, _job(context, given)),
            "ListWorkers": self._list_workers,
            "SearchWorkers": self._search_workers,
            "ListSessionsForWorker": self._list_sessions_for_worker,
            "ListSessions": self._list_sessions,
            "GetSession": lambda context, given: answers.session_details(context, _session(context, given)),
            "BatchGetSession": self._batch_get_session,
            "ListSessionActions": self._list_session_actions,
            "UpdateSession": self._update_session,
            "ListTagsForResource": self._list_tags,
        }

    def permission(self, operation: str, parameters: Mapping[str, Any], region: Region) -> tuple[str, str]:
        """Return the IAM action and the resource it is checked on: the innermost one that the request names."""
        prefix = f"arn:aws:deadline:{region.name}:{region.account}"
        if operation == "ListTagsForResource":
            return "deadline:ListTagsForResource", parameters.get("resourceArn", "*")
        if operation == "SearchWorkers":
            return "deadline:SearchWorkers", "*"
        if operation == "BatchGetSession":
            # AWS lists no action of this name; batch reads of jobs are checked as single ones.
            first = next(iter(parameters.get("identifiers", [])), {})
            return self.permission("GetSession", first, region)
        kinds = ("farm", "queue", "job", "fleet", "worker")
        path = "/".join(f"{kind}/{parameters[f'{kind}Id']}" for kind in kinds if f"{kind}Id" in parameters)
        return f"deadline:{operation}", f"{prefix}:{path}" if path else f"{prefix}:farm/*"

    def _list_farms(self, context: Context, given: Parameters) -> dict[str, Any]:
        page, token = paginate(context, given, self, list(context.region.farms.values()))
        return {"farms": [answers.farm(context, farm) for farm in page], "nextToken": token}

    def _listing(
        self,
        member: str,
        items: Callable[[Farm, Parameters], Mapping[str, Any]],
        answer: Callable[[Context, Farm, Any], dict[str, Any]],
    ) -> Handler:
        def handle(context: Context, given: Parameters) -> dict[str, Any]:
            farm = _farm(context, given)
            found = [
                item
                for item in items(farm, given).values()
                if given.get("status") in (None, item.status) and given.get("displayName") in (None, item.name)
            ]
            page, token = paginate(context, given, self, found)
            return {member: [answer(context, farm, item) for item in page], "nextToken": token}

        return handle

    def _list_jobs(self, context: Context, given: Parameters) -> dict[str, Any]:
        _, queue = _queue(context, given)
        page, token = paginate(context, given, self, list(queue.jobs.values()))
        return {"jobs": [answers.job(context, job) for job in page], "nextToken": token}

    def _list_workers(self, context: Context, given: Parameters) -> dict[str, Any]:
        farm, fleet = _fleet(context, given)
        page, token = paginate(context, given, self, list(fleet.workers.values()))
        return {"workers": [answers.worker(context, farm, fleet, worker) for worker in page], "nextToken": token}

    def _search_workers(self, context: Context, given: Parameters) -> dict[str, Any]:
        farm = _farm(context, given)
        if "sortExpressions" in given:
            raise self._unsupported("sortExpressions")
        found: list[tuple[Fleet, Worker]] = []
        for fleet_id in given["fleetIds"]:
            _, fleet = _fleet(context, {**given, "fleetId": fleet_id})
            found += [(fleet, worker) for worker in fleet.workers.values() if self._selected(worker, given)]
        offset = given["itemOffset"]
        after = offset + given.get("pageSize", 100)
        rows = [answers.found_worker(context, farm, fleet, worker) for fleet, worker in found[offset:after]]
        following = after if after < len(found) else None
        return {"workers": rows, "nextItemOffset": following, "totalResults": min(len(found), 10_000)}

    def _selected(self, worker: Worker, given: Parameters) -> bool:
        expressions = given.get("filterExpressions")
        if expressions is None:
            return True
        holds: list[bool] = []
        for expression in expressions["filters"]:
            ((kind, rule),) = expression.items()
            if rule.get("name") not in ("STATUS", "WORKER_STATUS"):
                raise self._unsupported(f"{kind} {rule}")
            values = [rule["value"]] if kind == "stringFilter" else rule.get("values")
            if values is None or rule["operator"] not in ("EQUAL", "NOT_EQUAL", "ANY_EQUALS", "ALL_NOT_EQUALS"):
                raise self._unsupported(f"{kind} {rule}")
            holds.append((worker.status in values) == (rule["operator"] in ("EQUAL", "ANY_EQUALS")))
        return all(holds) if expressions["operator"] == "AND" else any(holds)

    def _unsupported(self, what: str) -> ServiceError:
        return ServiceError("ValidationException", f"{what} is not understood by the embedded cloud", reason="OTHER")

    def _list_sessions_for_worker(self, context: Context, given: Parameters) -> dict[str, Any]:
        _, fleet = _fleet(context, given)
        worker = fleet.workers.get(given["workerId"])
        if worker is None:
            raise _missing("worker", given["workerId"])
        page, token = paginate(context, given, self, list(worker.sessions.values()))
        return {"sessions": [answers.worker_session(context, session) for session in page], "nextToken": token}

    def _list_sessions(self, context: Context, given: Parameters) -> dict[str, Any]:
        _job(context, given)
        found = [
            session
            for session in _farm(context, given).sessions.values()
            if (session.queue, session.job) == (given["queueId"], given["jobId"])
        ]
        page, token = paginate(context, given, self, found)
        return {"sessions": [answers.session(context, session) for session in page], "nextToken": token}

    def _batch_get_session(self, context: Context, given: Parameters) -> dict[str, Any]:
        sessions: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for identifiers in given["identifiers"]:
            try:
                found = _session(context, identifiers)
            except ServiceError as error:
                errors.append({**identifiers, "code": error.code, "message": error.message})
            else:
                sessions.append({**identifiers, **answers.session_details(context, found)})
        return {"sessions": sessions, "errors": errors}

    def _list_session_actions(self, context: Context, given: Parameters) -> dict[str, Any]:
        _job(context, given)
        farm = _farm(context, given)
        wanted = given.get("sessionId")
        if wanted is None:
            of_job = [s for s in farm.sessions.values() if (s.queue, s.job) == (given["queueId"], given["jobId"])]
        else:
            of_job = [_session(context, given)]
        actions = [action for session in of_job for action in session.actions]
        page, token = paginate(context, given, self, actions)
        return {"sessionActions": [answers.action(context, action) for action in page], "nextToken": token}

    def _update_session(self, context: Context, given: Parameters) -> dict[str, Any]:
        session = answers.settled(context, _session(context, given))
        if session.state == "ENDED" or session.ended is not None or session.target is not None:
            raise ServiceError(
                "ConflictException",
                f"The session {session.id} is {session.state} and cannot be updated.",
                reason="STATUS_CONFLICT",
                resourceId=session.id,
                resourceType="session",
            )
        context.stopped("deadline", session.id, session.open_work())
        for action in session.actions:
            if action.status in DEADLINE_OPEN:
                action.status, action.ended = "CANCELED", context.now()
        session.state, session.target, session.ending_since = "UPDATE_IN_PROGRESS", "ENDED", context.now()
        return {}

    def _list_tags(self, context: Context, given: Parameters) -> dict[str, Any]:
        arn: str = given["resourceArn"]
        prefix = f"arn:aws:deadline:{context.region.name}:{context.region.account}:"
        parts = arn.removeprefix(prefix).split("/")
        if not arn.startswith(prefix) or len(parts) % 2:
            raise ServiceError("ValidationException", f"{arn} is no ARN of this account.", reason="OTHER")
        named = {f"{kind}Id": name for kind, name in zip(parts[::2], parts[1::2], strict=True)}
        found: Farm | Queue | Job | Fleet | Worker | None = None
        match parts[::2]:
            case ["farm"]:
                found = _farm(context, named)
            case ["farm", "queue"]:
                found = _queue(context, named)[1]
            case ["farm", "queue", "job"]:
                found = _job(context, named)
            case ["farm", "fleet"]:
                found = _fleet(context, named)[1]
            case ["farm", "fleet", "worker"]:
                found = _fleet(context, named)[1].workers.get(named["workerId"])
            case _:
                pass
        if found is None:
            raise _missing(parts[-2], parts[-1])
        return {"tags": found.tags}


def _missing(kind: str, name: str) -> ServiceError:
    return ServiceError(
        "ResourceNotFoundException",
        f"Resource of type {kind} with id {name} does not exist.",
        resourceId=name,
        resourceType=kind,
    )


def _farm(context: Context, given: Parameters) -> Farm:
    farm = context.region.farms.get(given["farmId"])
    if farm is None:
        raise _missing("farm", given["farmId"])
    return farm


def _queue(context: Context, given: Parameters) -> tuple[Farm, Queue]:
    farm = _farm(context, given)
    queue = farm.queues.get(given["queueId"])
    if queue is None:
        raise _missing("queue", given["queueId"])
    return farm, queue


def _job(context: Context, given: Parameters) -> Job:
    job = _queue(context, given)[1].jobs.get(given["jobId"])
    if job is None:
        raise _missing("job", given["jobId"])
    return job


def _fleet(context: Context, given: Parameters) -> tuple[Farm, Fleet]:
    farm = _farm(context, given)
    fleet = farm.fleets.get(given["fleetId"])
    if fleet is None:
        raise _missing("fleet", given["fleetId"])
    return farm, fleet


def _session(context: Context, given: Parameters) -> DeadlineSession:
    _job(context, given)
    session = _farm(context, given).sessions.get(given["sessionId"])
    if session is None or (session.queue, session.job) != (given["queueId"], given["jobId"]):
        raise _missing("session", given["sessionId"])
    return session
