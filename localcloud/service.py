"""What the services have in common: the context of a call, lists in pages, the words for trouble."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from localcloud.state import Region
from localcloud.wire import ServiceError
from localcloud.world import Stop, World

# How long a session takes to end once it was told to, seconds of the world's clock.
ENDING_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Page:
    """How an operation pages: the members for the list, the token out, the token in, and the page size."""

    items: str
    token_out: str
    token_in: str
    size: str | None
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """The codes a service has for the troubles that all services have."""

    invalid: str
    bad_token: str
    denied: str = "AccessDeniedException"
    throttled: str = "ThrottlingException"
    broken: str
    expired: str = "ExpiredTokenException"
    unrecognized: str = "UnrecognizedClientException"
    status: int = 400
    throttled_status: int = 400
    members: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One call: who asks what where, and the world it is about."""

    world: World
    region: Region
    principal: str
    operation: str

    def seen(self, moment: float | None) -> float | None:
        """Return a moment as the client is told it."""
        return None if moment is None else self.world.clock.seen(moment)

    def now(self) -> float:
        """Return the world's time, seconds since the epoch."""
        return self.world.clock.time()

    def stopped(self, service: str, session: str, killed: str | None) -> None:
        """Remember that this call stopped a session, and what work that killed."""
        self.world.stopped(
            Stop(
                service=service,
                operation=self.operation,
                account=self.region.account,
                region=self.region.name,
                session=session,
                principal=self.principal,
                killed=killed,
                at=self.now(),
            )
        )


Handler = Callable[[Context, Mapping[str, Any]], dict[str, Any]]


class Service(Protocol):
    """One emulated service. Handlers are called with the world's lock held."""

    name: str
    operations: Mapping[str, Handler]
    pages: Mapping[str, Page]
    trouble: Trouble

    def permission(self, operation: str, parameters: Mapping[str, Any], region: Region) -> tuple[str, str]:
        """Return the IAM action and the resource ARN that a call needs."""
        ...


class ElsewhereError(Exception):
    """The call is about something that this service's emulation leaves to others."""


def token_for(operation: str, offset: int) -> str:
    """Return the page token of an operation for an offset. Opaque to clients."""
    return base64.urlsafe_b64encode(json.dumps([operation, offset]).encode()).decode()


def paginate(
    context: Context, parameters: Mapping[str, Any], service: Service, items: Sequence[Any]
) -> tuple[Sequence[Any], str | None]:
    """Return the page that is asked for, and the token of the next one. Raises ServiceError on a token that is not ours."""
    page = service.pages[context.operation]
    offset = 0
    given = parameters.get(page.token_in)
    if given:
        try:
            operation, offset = json.loads(base64.urlsafe_b64decode(given.encode()))
        except ValueError:
            operation = None
        if operation != context.operation:
            raise ServiceError(service.trouble.bad_token, "The pagination token is invalid.", **service.trouble.members)
    size = (parameters.get(page.size) if page.size else None) or page.most
    after = offset + size
    return items[offset:after], token_for(context.operation, after) if after < len(items) else None
