"""Wires the program: from what the user or the stack selected to the providers a sweep runs over.

Everything that can keep a sweep from starting is found here, before any session is looked at, and said in one sentence.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from reaper.catalog.services import specs
from reaper.catalog.spec import Cloud, ServiceSpec
from reaper.ledger.bookkeeping import DynamoDbBookkeeping
from reaper.ledger.dynamodb import DynamoDbLedger
from reaper.providers.aws.clients import AwsClients
from reaper.providers.aws.errors import Asked, translate
from reaper.providers.calls import Calls
from reaper.providers.context import ProviderContext
from reaper.providers.factory import provider_factory
from reaper.sweep.ports import Ledger, LedgerError, Provider, ProviderError, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNKNOWN_ACCOUNT: Final = "unknown"


class StartError(Exception):
    """The program could not start. ``str(error)`` is one sentence: what, where, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What to look at. Empty ``services`` and ``regions`` mean the defaults; ``regions`` are those of AWS.

    ``elsewhere`` has the region in each other cloud, by the cloud's name, where the environment does not tell it.
    ``account`` spares the question to STS where it is known already, as in the deployed stack.
    """

    services: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    profile: str | None = None
    elsewhere: Mapping[str, str] = field(default_factory=dict[str, str])
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """The providers of a selection, what counts their calls, and the clients they share."""

    providers: tuple[Provider, ...]
    calls: Calls
    clients: AwsClients


@dataclass(frozen=True, slots=True)
class OpenedLedger:
    """A ledger on its own: to remember with, to list what it keeps for people, and the clients and region it is in."""

    ledger: DynamoDbLedger
    books: DynamoDbBookkeeping
    clients: AwsClients
    region: str


def open_providers(selection: Selection, env: Mapping[str, str]) -> Opened:
    """One provider per selected service and region. ``env`` is where the settings of the SDKs' usual names are read.

    By default: the services of AWS in the region the SDK is configured for, and those of other clouds
    whose keys are set. Asks STS whose credentials these are, unless told; makes no other call.

    Raises:
        StartError: no credentials, or expired ones; an unknown service or region; an unreachable endpoint.
    """
    services = chosen_services(selection.services, env)
    calls = Calls()
    clients = open_clients(selection.profile, calls)
    providers: list[Provider] = []
    known = specs()
    aws = [service for service in services if known[service].cloud is None]
    if aws:
        regions = _regions(selection, clients)
        account = selection.account or caller_account(clients, regions)
        providers += [
            _create(service, ProviderContext(account=account, region=region, calls=calls, aws=clients))
            for service in aws
            for region in regions
        ]
    providers += [
        _create(service, _elsewhere(known[service], cloud, selection, env, calls))
        for service in services
        if (cloud := known[service].cloud) is not None
    ]
    return Opened(tuple(providers), calls, clients)


def open_ledger(table: str, opened: Opened) -> Ledger:
    """The ledger in the DynamoDB ``table``, in the region of AWS looked at first, or the SDK's default.

    Raises:
        StartError: it cannot be read; better to know before a sweep than to find every stop withheld after it.
    """
    keys = (provider.key for provider in opened.providers)
    looked_at = (key.region for key in keys if is_of_aws(key.service))
    region = next(looked_at, opened.clients.default_region)
    if region is None:
        raise StartError("the ledger needs a region of AWS: set AWS_REGION")
    client: Any = opened.clients.client("dynamodb", region)
    ledger = DynamoDbLedger(client, table, region)
    try:
        ledger.sweeps(1)
    except LedgerError as error:
        # It has one home, and is never looked for elsewhere: another table of that name has not warned anybody.
        raise StartError(f"{error}; the ledger is that of the first region named, here {region}") from error
    return ledger


def open_ledger_alone(table: str, *, region: str | None, profile: str | None) -> OpenedLedger:
    """The ledger in the DynamoDB ``table`` of ``region``, by default that of the SDK, without any provider. Makes no call.

    Raises:
        StartError: there is no such profile or region.
    """
    clients = open_clients(profile, Calls())
    selection = Selection(regions=(region,) if region else ())
    (found,) = _regions(selection, clients)
    client: Any = clients.client("dynamodb", found)
    return OpenedLedger(DynamoDbLedger(client, table, found), DynamoDbBookkeeping(client, table, found), clients, found)


def chosen_services(named: Sequence[str], env: Mapping[str, str]) -> tuple[str, ...]:
    """The services to look at, each once, in the order named; the defaults when none is.

    Raises:
        StartError: one is unknown.
    """
    known = specs()
    if not named:
        return tuple(name for name, spec in known.items() if spec.cloud is None or not _missing_keys(spec.cloud, env))
    for service in named:
        if service not in known:
            raise StartError(f"{service!r} is no service that is known here{_did_you_mean(service, known)}")
    return tuple(dict.fromkeys(named))


def open_clients(profile: str | None, calls: Calls) -> AwsClients:
    """The clients of AWS for ``profile``, or for the environment as it is.

    Raises:
        StartError: there is no such profile.
    """
    session = botocore.session.Session(profile=profile)
    try:
        session.get_scoped_config()
    except BotoCoreError as error:
        raise StartError(f"{error}: name another with --profile, or set it up") from error
    return AwsClients(session, calls=calls)


def caller_account(clients: AwsClients, regions: Sequence[str]) -> str:
    """The account the credentials belong to, from STS in the first of ``regions`` that answers.

    A region may be closed to the account, or out of reach, and the others not: what is looked at there is blind by itself.

    Raises:
        StartError: there are no credentials, they are accepted nowhere, or STS cannot be reached.
    """
    first: ProviderError | None = None
    for region in regions:
        try:
            return _caller("Account", clients, region)
        except ProviderError as error:
            first = first or error
            if not _is_of_the_region(error):
                break
    raise StartError(str(first)) from first


def _is_of_the_region(error: ProviderError) -> bool:
    """Whether another region may answer where this one did not: not where there is nothing to ask with."""
    if error.trouble is not Trouble.CREDENTIALS:
        return error.trouble is not Trouble.REFUSED
    cause = error.__cause__
    refused = isinstance(cause, ClientError) and cause.operation_name == "GetCallerIdentity"
    # A region that is not enabled knows no key, and says so; an expired one is expired everywhere.
    return refused and "Expired" not in str(error)


def caller_arn(clients: AwsClients, region: str) -> str:
    """Whose the credentials are, as an ARN, from STS in ``region``.

    Raises:
        StartError: there are no credentials, they are not accepted, or STS cannot be reached.
    """
    try:
        return _caller("Arn", clients, region)
    except ProviderError as error:
        raise StartError(str(error)) from error


def _caller(member: str, clients: AwsClients, region: str) -> str:
    asked = Asked("sts:GetCallerIdentity", "", region, "AWS STS", clients)
    sent = False
    try:
        client: Any = clients.client("sts", region)
        sent = True
        return str(client.get_caller_identity()[member])
    except Exception as error:
        raise translate(error, asked, sent=sent) from error


def _regions(selection: Selection, clients: AwsClients) -> tuple[str, ...]:
    regions = tuple(dict.fromkeys(selection.regions))
    if not regions:
        region = clients.default_region
        if region is None:
            raise StartError("there is no region to look at: name one with --region, or set AWS_REGION")
        regions = (region,)
    if selection.account is None:
        for region in regions:
            if not clients.lists(region):
                raise StartError(
                    f"{region!r} is no region of AWS that is known here{_did_you_mean(region, clients.regions())}"
                )
    return regions


def is_of_aws(service: str) -> bool:
    """Whether ``service`` is one of AWS; so is what no catalog knows."""
    spec = specs().get(service)
    return spec is None or spec.cloud is None


def _elsewhere(
    spec: ServiceSpec, cloud: Cloud, selection: Selection, env: Mapping[str, str], calls: Calls
) -> ProviderContext:
    region = selection.elsewhere.get(cloud.name) or env.get(cloud.region_variable)
    if not region:
        option = f"--{cloud.name}-region"
        raise StartError(f"{spec.service} needs a region: name one with {option}, or set {cloud.region_variable}")
    if missing := _missing_keys(cloud, env):
        raise StartError(f"{spec.service} needs a key pair: set {' and '.join(missing)}")
    account = env.get(cloud.account_variable) or UNKNOWN_ACCOUNT
    return ProviderContext(account=account, region=region, calls=calls, env=env)


def _missing_keys(cloud: Cloud, env: Mapping[str, str]) -> list[str]:
    return [name for name in cloud.keys.values() if not env.get(name)]


def _create(service: str, context: ProviderContext) -> Provider:
    try:
        return provider_factory(service)(context)
    except ProviderError as error:
        raise StartError(str(error)) from error


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f": there are {', '.join(names)}" if len(names) <= 10 else ""  # noqa: PLR2004 - a list that fits a line
