"""One service of AWS in one account and region: its calls, its lists and its ARNs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore import xform_name

from reaper.providers.aws.clients import Patience
from reaper.providers.aws.errors import Asked, translate
from reaper.providers.instants import Instants
from reaper.sweep.ports import ProviderError, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reaper.catalog.spec import ServiceSpec
    from reaper.providers.aws.clients import AwsClients
    from reaper.providers.aws.rows import Row
    from reaper.providers.context import ProviderContext


@dataclass(frozen=True, slots=True)
class AwsService:
    """Calls one service; every failure is a :class:`ProviderError` with one clear sentence."""

    clients: AwsClients
    name: str
    """As botocore and IAM call it: ``athena``."""
    title: str
    """As people call it: ``Amazon Athena``."""
    account: str
    region: str
    instants: Instants
    patience: Patience = Patience.PATIENT
    """Of its reads."""

    @classmethod
    def of(cls, context: ProviderContext, spec: ServiceSpec) -> AwsService:
        """The service of ``spec`` in the account and region of ``context``, which must bring AWS clients."""
        if context.aws is None:
            raise ProviderError(Trouble.CREDENTIALS, f"{spec.brand} needs AWS clients, and none were set up")
        instants = Instants(spec.brand, spec.since, context.clock)
        return cls(context.aws, spec.service, spec.brand, context.account, context.region, instants)

    def brisk(self) -> AwsService:
        """The same service, whose reads give up soon."""
        return replace(self, patience=Patience.BRISK)

    def call(self, operation: str, *, on: str = "", once: bool = False, **parameters: Any) -> Row:
        """The answer of ``operation`` (``GetSession``). ``on`` names its object for people; ``once`` forbids retries."""
        asked = Asked(f"{self.name}:{operation}", on, self.region, self.title, self.clients)
        try:
            client: Any = self.clients.client(self.name, self.region, Patience.ONCE if once else self.patience)
        except Exception as error:
            raise self._failed(error, asked, sent=False) from error
        method: Callable[..., Row] = getattr(client, xform_name(operation))
        try:
            return method(**parameters)
        # Whatever a call raises, be it botocore stumbling over an answer, is a call that failed.
        except Exception as error:
            raise self._failed(error, asked, sent=True) from error

    @staticmethod
    def _failed(error: Exception, asked: Asked, *, sent: bool) -> ProviderError:
        failure = translate(error, asked, sent=sent)
        failure.call = asked.call
        return failure

    def pages(self, operation: str, rows: str, *, on: str = "", **parameters: Any) -> Iterator[list[Row]]:
        """Every page of a list: the structures under ``rows``, which goes on through empty pages that carry a token.

        Raises:
            ProviderError: a page failed, lacked its list, or handed out a token that was there before
                (:attr:`Trouble.GARBLED`); pages already yielded stay good.
        """
        # botocore has paginators for half of these operations only, and those spin on tokens that alternate.
        token_name = "NextToken" if rows[0].isupper() else "nextToken"
        seen: set[str] = set()
        while True:
            page = self.call(operation, on=on, **parameters)
            found: list[Any] | None = page.get(rows)
            # Whether a service leaves an empty list out is documented nowhere; none seen here does. Taking its absence
            # for "nothing there" would hide what was not seen.
            if found is None:
                raise self.garbled(operation, on, f"without {rows}")
            # What is no structure becomes one without anything in it, so that it is counted rather than dropped.
            yield [row if isinstance(row, dict) else {} for row in found]
            token = page.get(token_name)
            if not token:
                return
            if token in seen:
                raise self.garbled(operation, on, "with a page token for the second time")
            seen.add(token)
            parameters[token_name] = token

    def garbled(self, operation: str, on: str, how: str) -> ProviderError:
        """The error for an answer that arrived and cannot be right; ``how`` ends "answered in eu-west-1 ..."."""
        what = f"{self.name}:{operation} on {on}" if on else f"{self.name}:{operation}"
        message = f"{what} answered in {self.region} {how}: what it lists is incomplete"
        return ProviderError(Trouble.GARBLED, message, call=f"{self.name}:{operation}")

    def refuse_nameless(self, operation: str, on: str, count: int) -> None:
        """Raise if ``count`` rows of a list had no id to know them by: they exist, and they were not seen."""
        if count:
            raise self.garbled(operation, on, f"with {count} entries that have no id")

    def arn(self, resource: str) -> str:
        """The ARN of ``resource`` (``session/nightly``) here."""
        return f"arn:{self.clients.partition(self.region)}:{self.name}:{self.region}:{self.account}:{resource}"
