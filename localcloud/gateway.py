"""The gateway: from a request to its answer, through faults, services and the record."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Mapping
from typing import Any, assert_never

from localcloud.athena import Athena
from localcloud.deadline import Deadline
from localcloud.faults import Fault, Faults, Wake, Wakes
from localcloud.glue import Glue
from localcloud.mail import Mailbox
from localcloud.record import Call, Record
from localcloud.service import Context, ElsewhereError, Page, Service, token_for
from localcloud.sts import Sts
from localcloud.wire import InvalidRequestError, Reply, Request, ServiceError, UnknownOperationError, Wire, wire
from localcloud.world import ACCOUNT, REGION, World

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


def read_credential(authorization: str) -> tuple[str, str, str] | None:
    """Return access key id, region and service of a Signature Version 4 header, None if it is none."""
    match = _CREDENTIAL.search(authorization)
    return None if match is None else (match[1], match[2], match[3])


def account_of(access_key: str) -> str:
    """Return the account of an access key: itself when it is twelve digits, else all zeros."""
    return access_key if re.fullmatch(r"\d{12}", access_key) else ACCOUNT


class Gateway:
    """The embedded cloud without a network: world, faults, wake-ups, record, and `handle`. Thread-safe."""

    def __init__(self, models: str | None = None, services: tuple[Service, ...] | None = None) -> None:
        self.world = World()
        self.faults = Faults()
        self.wakes = Wakes(self.world.wake)
        self.calls = Record()
        self.mail = Mailbox()
        self.services: Mapping[str, Service] = {
            service.name: service for service in services or (Glue(), Athena(), Deadline(), Sts())
        }
        self._models = models

    def reset(self) -> None:
        """Empty the world, lift faults and wake-ups, forget calls and mail; the clock runs with real time again."""
        self.world.clock.run()
        self.world.reset()
        self.faults.clear()
        self.wakes.clear()
        self.calls.clear()
        self.mail.clear()

    def wake(self, rule: Wake) -> Wake:
        """Let a session get work to do later. Raises LookupError where there is no such session."""
        self.world.find(rule.service, rule.session)
        self.wakes.add(rule)
        return rule

    def wire(self, service: str) -> Wire:
        """Return the protocol of a service."""
        return wire(service, self._models)

    def permission(self, request: Request) -> tuple[str, str] | None:
        """Return the IAM action and resource ARN of a request, None for an operation that is not emulated here."""
        service = self.services[request.service]
        try:
            operation, parameters = self.wire(request.service).read(request)
        except UnknownOperationError:
            return None
        except InvalidRequestError as error:
            _, operation, parameters = error.args
        if operation not in service.operations:
            return None
        return service.permission(operation, parameters, self.world.region(request.account, request.region))

    def handle(self, request: Request) -> Reply:
        """Answer a request and record it. Raises ElsewhereError for what is not emulated here, unrecorded."""
        service, protocol = self.services[request.service], self.wire(request.service)
        problem: InvalidRequestError | None = None
        try:
            operation, parameters = protocol.read(request)
        except UnknownOperationError as error:
            raise ElsewhereError(str(error)) from error
        except InvalidRequestError as error:
            problem = error
            _, operation, parameters = error.args
        if operation not in service.operations:
            raise ElsewhereError(f"{request.service}:{operation}")
        self.wakes.on_time(self.world.clock.time())
        delay, fault = self.faults.on_call(request.service, operation, request.account, request.region, parameters)
        if delay:
            time.sleep(delay)
        at = self.world.clock.time()
        try:
            broken = None if fault is None else _break(service, fault)
            if broken is not None:
                reply = broken
            elif problem is not None:
                raise ServiceError(service.trouble.invalid, problem.args[0], **service.trouble.members)  # noqa: TRY301
            else:
                reply = self._answer(request, operation, parameters, fault)
        except ServiceError as error:
            reply = protocol.fail(error)
        self.calls.add(
            Call(
                service=request.service,
                operation=operation,
                account=request.account,
                region=request.region,
                principal=request.principal,
                parameters=parameters,
                status=0 if reply.close else reply.status,
                error=reply.error,
                at=at,
            )
        )
        self.wakes.on_call(request.service, operation, parameters)
        return reply

    def _answer(self, request: Request, operation: str, parameters: Mapping[str, Any], fault: Fault | None) -> Reply:
        service = self.services[request.service]
        with self.world.lock:
            context = Context(
                world=self.world,
                region=self.world.region(request.account, request.region),
                principal=request.principal,
                operation=operation,
            )
            result = service.operations[operation](context, parameters)
        page = service.pages.get(operation)
        if fault is not None and page is not None:
            result = _spoil(fault, page, operation, parameters, result)
        return self.wire(service.name).write(operation, result)


def _break(service: Service, fault: Fault) -> Reply | None:  # noqa: C901 - one flat case per kind of fault
    """Return or raise what becomes of a call that a fault hits before the service does; None if it is only spoilt."""
    trouble = service.trouble
    members: dict[str, Any] = {}
    match fault.kind:
        case "denied":
            message = fault.message or "User is not authorized to perform this operation"
            raise ServiceError(trouble.denied, message, status=trouble.status)
        case "throttled":
            if fault.retry_after is not None:
                members["retryAfterSeconds"] = fault.retry_after
            raise ServiceError(
                trouble.throttled, fault.message or "Rate exceeded", status=trouble.throttled_status, **members
            )
        case "server_error":
            raise ServiceError(
                trouble.broken, fault.message or "We are sorry, something is broken", status=max(fault.status, 500)
            )
        case "expired_credentials":
            message = "The security token included in the request is expired"
            raise ServiceError(trouble.expired, message, status=trouble.status)
        case "invalid_credentials":
            message = "The security token included in the request is invalid."
            raise ServiceError(trouble.unrecognized, message, status=trouble.status)
        case "error":
            raise ServiceError(fault.code, fault.message or fault.code, status=fault.status)
        case "garbage":
            return Reply(headers={"Content-Type": "text/html"}, body=b"<html><body>It works!</body></html>")
        case "timeout":
            time.sleep(fault.seconds)
            return Reply(close=True)
        case "slow" | "repeat_token" | "empty_page_with_token" | "absent_list":
            return None
        case _:
            assert_never(fault.kind)


def _spoil(
    fault: Fault, page: Page, operation: str, parameters: Mapping[str, Any], result: dict[str, Any]
) -> dict[str, Any]:
    """Return the answer with its page spoilt."""
    if fault.kind == "absent_list":
        return {name: value for name, value in result.items() if name != page.items}
    # The token that asks for this very page.
    token = parameters.get(page.token_in) or (0 if page.token_in == "itemOffset" else token_for(operation, 0))  # noqa: S105
    if fault.kind == "repeat_token":
        return {**result, page.token_out: token}
    if fault.kind == "empty_page_with_token":
        return {**result, page.items: [], page.token_out: token}
    return result


def denied_without_credentials(protocol: Wire) -> Reply:
    """Return the answer to a request that nobody signed."""
    error = ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token", status=403)
    return protocol.fail(error)


def request_of(  # noqa: PLR0913 - one parameter per part of a request
    *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, principal: str | None = None
) -> Request | None:
    """Return the request to a service that a signed HTTP request is, None if it is not signed. `path` as it was sent."""
    credential = read_credential(headers.get("authorization", ""))
    if credential is None:
        return None
    access_key, region, service = credential
    return Request(
        service=service,
        account=account_of(access_key),
        region=region or REGION,
        principal=principal or access_key,
        method=method,
        path=path,
        query=query,
        headers=headers,
        body=body,
    )


def with_account(request: Request, account: str) -> Request:
    """Return the request as made in another account (of an assumed role, which no access key tells)."""
    return dataclasses.replace(request, account=account)
