"""Our services inside ministack: the rest of AWS comes from there, at the same endpoint.

ministack is pinned, because this reaches into it. What is changed, and nothing else:

- requests for Deadline Cloud, and those for sessions of Glue and Athena, go to the gateway; ministack answers the rest;
- under IAM enforcement those requests are checked on the actions and resource ARNs that the services really use;
- every call is recorded, the denied ones and those that ministack answers included;
- schedules are looked at every second instead of every ten, and a minute of a rate() is as long as the launcher is told;
- mail that SNS delivers is kept;
- an HTTP API is reached under the host that its URL names, too;
- secrets, condition keys and refusals to delete are as AWS has them, see `mended`;
- the control API is served under `/_localcloud/`.
"""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

from localcloud.athena import Athena
from localcloud.control import PREFIX, control
from localcloud.deadline import Deadline
from localcloud.gateway import Gateway, request_of, with_account
from localcloud.glue import Glue
from localcloud.mail import deliver_mail
from localcloud.mended import mend_condition_keys, mend_deletions, mend_secrets
from localcloud.record import Call
from localcloud.service import ElsewhereError
from localcloud.wire import Reply, Request, ServiceError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Answer = tuple[int, dict[str, str], bytes]

SCHEDULE_SECONDS = 1

_API_HOST = re.compile(r"^([a-f0-9]{8})\.execute-api\.(?:localhost|[a-z0-9-]+\.amazonaws\.com)(?::\d+)?$")

_sent: ContextVar[tuple[str, str]] = ContextVar("sent")
"""Path and query string of the request at hand as they were sent, still percent-encoded."""


class _Close(BaseException):
    """The connection is to be closed without an answer; past every `except Exception` on the way."""


def gateway(models: str | None) -> Gateway:
    """Return a gateway with the services that ministack lacks; STS is ministack's own."""
    return Gateway(models, services=(Glue(), Athena(), Deadline()))


def install(cloud: Gateway, ministack: Any, minute: float = 60.0) -> App:
    """Put the gateway's services into the module `ministack.app`; the ASGI application to serve.

    `minute` is how many seconds a minute of a `rate(...)` schedule lasts.
    """
    iam_actions, router = _import("ministack.core.iam_actions"), _import("ministack.core.router")
    eventbridge, scheduler = _import("ministack.services.eventbridge"), _import("ministack.services.scheduler")
    eventbridge._SCHEDULER_TICK_INTERVAL = SCHEDULE_SECONDS  # noqa: SLF001 - there is no setting for it
    scheduler._SCHEDULE_TICK_INTERVAL = SCHEDULE_SECONDS  # noqa: SLF001 - the same
    rate: Callable[[str], int | None] = eventbridge._parse_rate_seconds  # noqa: SLF001 - the same
    eventbridge._parse_rate_seconds = lambda text: None if (seconds := rate(text)) is None else seconds * minute / 60  # noqa: SLF001
    for service in cloud.services:
        ministack.SERVICE_HANDLERS[service] = _handler(cloud, service, ministack.SERVICE_HANDLERS.get(service))
        iam_actions.SERVICE_TO_IAM_NAMESPACE[service] = service
        # A service that the router does not know makes it read every model of botocore first.
        router.SERVICE_PATTERNS.setdefault(service, {"host_patterns": [rf"{service}\."]})
    ministack._EXECUTE_API_RE = _API_HOST  # noqa: SLF001 - the same
    deliver_mail(_import("ministack.services.sns"), cloud.mail)
    provisioners = _import("ministack.services.cloudformation.provisioners")
    mend_secrets(provisioners, _import("ministack.services.secretsmanager"))
    mend_deletions(provisioners, _import("ministack.services.appconfig"), _import("ministack.services.s3"))
    mend_condition_keys(iam_actions, _import("ministack.services.dynamodb"))
    _check_permissions(cloud, iam_actions)
    _record_others(cloud, ministack, iam_actions)
    return _application(cloud, ministack.app)


def _import(name: str) -> Any:
    """Return a module that exists in the emulator's own environment only."""
    return importlib.import_module(name)


def _caller(headers: Mapping[str, str]) -> str:
    return _import("ministack.core.iam_evaluator").request_caller_arn(dict(headers), {})


def _request(service: str, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Request | None:
    sent_path, sent_query = _sent.get((quote(path), ""))
    request = request_of(
        method=method,
        path=sent_path,
        query=sent_query,
        headers=headers,
        body=body,
        principal=_caller(headers),
    )
    return (
        None
        if request is None or request.service != service
        else with_account(request, _import("ministack.core.responses").get_account_id())
    )


def _handler(cloud: Gateway, service: str, original: Any) -> Callable[..., Awaitable[Answer]]:
    async def handle(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Answer:
        request = _request(service, method, path, headers, body)
        try:
            reply = None if request is None else await asyncio.to_thread(cloud.handle, request)
        except ElsewhereError:
            reply = None
        if reply is None and original is not None:
            return await original(method, path, headers, body, query_params)
        if reply is None:
            problem = ServiceError("UnknownOperationException", f"{method} {path} is not emulated")
            reply = cloud.wire(service).fail(problem)
        if reply.close:
            raise _Close
        return reply.status, dict(reply.headers), reply.body

    return handle


def _check_permissions(cloud: Gateway, iam_actions: Any) -> None:
    """Let IAM be enforced on our services' own actions and ARNs, and record what it denies."""
    action_of, resource_of, refuse = (
        iam_actions.extract_iam_action,
        iam_actions.extract_resource_arn,
        iam_actions.access_denied_response,
    )

    def needed(service: str, method: str, path: str, headers: Any, body: bytes) -> tuple[str, str] | None:
        request = _request(service, method, path, headers, body) if service in cloud.services else None
        return None if request is None else cloud.permission(request)

    def extract_iam_action(  # noqa: PLR0913, PLR0917 - ministack's signature
        service: str, method: str, path: str, headers: Any, body: bytes, query_params: Any
    ) -> str | None:
        permission = needed(service, method, path, headers, body)
        return action_of(service, method, path, headers, body, query_params) if permission is None else permission[0]

    def extract_resource_arn(  # noqa: PLR0913, PLR0917 - ministack's signature
        service: str, method: str, path: str, headers: Any, body: bytes, query_params: Any, region: str, account: str
    ) -> str:
        permission = needed(service, method, path, headers, body)
        if permission is None:
            return resource_of(service, method, path, headers, body, query_params, region, account)
        return permission[1]

    def access_denied_response(service: str, action: str, principal: str, request_id: str, **options: Any) -> Any:
        if service in cloud.services:
            _record(cloud, action, principal, 403, options.get("error_code") or "AccessDeniedException")
        return refuse(service, action, principal, request_id, **options)

    iam_actions.extract_iam_action = extract_iam_action
    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.access_denied_response = access_denied_response


def _record_others(cloud: Gateway, ministack: Any, iam_actions: Any) -> None:
    """Record the calls that ministack answers, without their parameters."""
    dispatch = ministack._dispatch_service_request  # noqa: SLF001 - the one place every call passes

    async def dispatch_and_record(  # noqa: PLR0913, PLR0917 - ministack's signature
        method: str, path: str, headers: Any, body: bytes, query_params: Any, request_id: str
    ) -> Any:
        answer = await dispatch(method, path, headers, body, query_params, request_id)
        routing = ministack._routing_params(method, path, headers, body, query_params)  # noqa: SLF001 - as dispatch does
        service = ministack.detect_service(method, path, headers, routing)
        if service not in cloud.services:
            action = iam_actions.extract_iam_action(service, method, path, headers, body, routing)
            if action is not None:
                _record(cloud, action, _caller(headers), answer[0], None)
        return answer

    ministack._dispatch_service_request = dispatch_and_record  # noqa: SLF001 - the one place every call passes


def _record(cloud: Gateway, action: str, principal: str, status: int, error: str | None) -> None:
    responses = _import("ministack.core.responses")
    service, _, operation = action.partition(":")
    failed = status >= 400  # noqa: PLR2004 - HTTP's own classes
    cloud.calls.add(
        Call(
            service=service,
            operation=operation,
            account=responses.get_account_id(),
            region=responses.get_region(),
            principal=principal,
            parameters={},
            status=status,
            error=error or (str(status) if failed else None),
            at=cloud.world.clock.time(),
        )
    )


def _application(cloud: Gateway, app: App) -> App:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        path: str = scope["path"]
        query = scope.get("query_string", b"").decode("latin-1")
        if path.startswith(PREFIX):
            body = await _body(receive)
            await _send(send, await asyncio.to_thread(control, cloud, scope["method"], path, query, body))
            return
        raw: bytes | None = scope.get("raw_path")
        _sent.set((raw.decode("latin-1") if raw else quote(path), query))
        try:
            await app(scope, receive, send)
        except _Close:
            await _drop(send)

    return serve


async def _drop(send: Any) -> None:
    """Close the connection unanswered."""
    # ASGI has no word for it: `send` belongs to hypercorn's stream, that to its protocol, that to the socket.
    await send.__self__.send.__self__.send(_import("hypercorn.events").Closed())


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] != "http.request" or not message.get("more_body"):
            return body


async def _send(send: Send, reply: Reply) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
