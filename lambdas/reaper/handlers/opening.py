"""Where a deployed sweep looks: the providers of each cloud that its settings name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from reaper.bootstrap import Opened, Selection, StartError, open_providers
from reaper.catalog.services import clouds, specs
from reaper.core.report import Blind
from reaper.core.session import ScopeKey
from reaper.handlers.secret import SecretError, SecretsClient, read_keys
from reaper.settings import CloudTarget, SweepSettings


def open_all(settings: SweepSettings, secrets: Callable[[], SecretsClient]) -> tuple[list[Opened], list[Blind]]:
    """The providers of each cloud; one that cannot be opened is blind, and the others go on.

    ``secrets`` is asked for where a cloud besides AWS is looked at.
    """
    opened: list[Opened] = []
    blind: list[Blind] = []
    for selection, target in _selections(settings):
        try:
            keys = {} if target is None else read_keys(secrets(), target.secret, clouds()[target.cloud].keys)
            opened.append(open_providers(selection, {**os.environ, **keys}))
        except (StartError, SecretError) as error:
            blind += [Blind(key, (), str(error)) for key in keys_of(settings, selection.services)]
    return opened, blind


def keys_of(settings: SweepSettings, services: tuple[str, ...]) -> list[ScopeKey]:
    """Each of ``services`` in each account and region that it is looked at in."""
    regions = {target.cloud: (target.account, (target.region,)) for target in settings.elsewhere}
    keys: list[ScopeKey] = []
    for service in services:
        cloud = specs()[service].cloud
        account, within = (settings.account, settings.regions) if cloud is None else regions[cloud.name]
        keys += [ScopeKey(service, account, region) for region in within]
    return keys


def _selections(settings: SweepSettings) -> Iterator[tuple[Selection, CloudTarget | None]]:
    """What is opened together: the services of AWS, and those of each other cloud with where that is looked at."""
    if aws := _services_of(settings, None):
        yield Selection(services=aws, regions=settings.regions, account=settings.account), None
    for target in settings.elsewhere:
        services = _services_of(settings, target.cloud)
        yield Selection(services=services, elsewhere={target.cloud: target.region}), target


def _services_of(settings: SweepSettings, cloud: str | None) -> tuple[str, ...]:
    of = {name: spec.cloud.name if spec.cloud else None for name, spec in specs().items()}
    return tuple(service for service in settings.services if of[service] == cloud)
