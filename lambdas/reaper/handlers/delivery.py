"""Reads what AppConfig delivers: the policies, the switch that forces report mode, and who owns what."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from reaper.core.judge import CompiledBook, compile_book
from reaper.core.owners import OwnersBook, load_owners
from reaper.core.policy.document import DocumentError, from_json
from reaper.core.policy.load import Severity, load
from reaper.core.policy.problems import Problem
from reaper.settings import DeliverySettings

_SHOWN_PROBLEMS: Final = 3
_SWITCH: Final = {'{"report_only": true}': True, '{"report_only": false}': False}


def _said(problems: Sequence[Problem], file: str) -> str:
    """The errors among ``problems``: the first of them, and how many more there are."""
    said = [problem.render(file) for problem in problems if problem.severity is Severity.ERROR]
    more = f" (and {len(said) - _SHOWN_PROBLEMS} more)" if len(said) > _SHOWN_PROBLEMS else ""
    return f"{'; '.join(said[:_SHOWN_PROBLEMS])}{more}"


class AppConfigClient(Protocol):
    """What is used of botocore's client of AppConfig's data plane."""

    def start_configuration_session(self, **request: Any) -> Mapping[str, Any]:
        """The service's StartConfigurationSession."""
        ...

    def get_latest_configuration(self, **request: Any) -> Mapping[str, Any]:
        """The service's GetLatestConfiguration."""
        ...


class DeliveryError(Exception):
    """What should have been delivered cannot be used. ``str(error)`` is one sentence: what, why, and what to do."""


@dataclass(frozen=True, slots=True)
class _Poll:
    """The content received last, and the token that asks whether there is anything newer."""

    content: bytes
    token: str


class Delivery:
    """Reads the profiles. Kept for as long as the function stays warm: AppConfig bills each content it sends."""

    def __init__(self, client: AppConfigClient, settings: DeliverySettings) -> None:
        """``client`` has to be of the stack's own region."""
        self._client = client
        self._settings = settings
        self._polls: dict[str, _Poll] = {}

    def policies(self) -> CompiledBook:
        """The policies in force, ready to judge with; raises :class:`DeliveryError` when they cannot be used."""
        text = self._latest(self._settings.policies, "the policies")
        try:
            loaded = load(from_json(text))
        except DocumentError as error:
            raise DeliveryError(
                f"the policies in AppConfig cannot be read: {error.problem.render('policies')}"
            ) from None
        if loaded.book is None:
            raise DeliveryError(f"the policies in AppConfig are wrong: {_said(loaded.problems, 'policies')}")
        return compile_book(loaded.book)

    def report_only(self) -> bool:
        """Whether the switch forces report mode; raises :class:`DeliveryError` when it does not say."""
        text = self._latest(self._settings.switch, "the switch")
        try:
            return _SWITCH[json.dumps(json.loads(text))]
        except (ValueError, KeyError):
            raise DeliveryError(f"the switch in AppConfig is none of {' and '.join(_SWITCH)}") from None

    def owners(self) -> OwnersBook:
        """Who owns what; raises :class:`DeliveryError` when that cannot be used."""
        text = self._latest(self._settings.owners, "the owners")
        try:
            loaded = load_owners(from_json(text))
        except DocumentError as error:
            raise DeliveryError(f"the owners in AppConfig cannot be read: {error.problem.render('owners')}") from None
        if loaded.book is None:
            raise DeliveryError(f"the owners in AppConfig are wrong: {_said(loaded.problems, 'owners')}")
        return loaded.book

    def _latest(self, profile: str, what: str) -> bytes:
        try:
            poll = self._again(profile) or self._anew(profile)
        except (ClientError, BotoCoreError) as error:
            raise DeliveryError(f"{what} could not be fetched from AppConfig: {error}") from error
        except KeyError as error:
            # A page of a proxy, say: botocore takes whatever comes with status 200 for the content.
            raise DeliveryError(
                f"{what} could not be fetched from AppConfig: its answer has no {error}:"
                " look at what is between here and AWS, such as a proxy or an endpoint setting"
            ) from error
        if not poll.content:
            raise DeliveryError(f"AppConfig has nothing deployed for {what}: deploy a version of the profile")
        self._polls[profile] = poll
        return poll.content

    def _again(self, profile: str) -> _Poll | None:
        """What is newest, by the token of last time; ``None`` where that is not taken: too old, or too soon."""
        # Taken out first: a token is good for one call, whatever comes of it.
        last = self._polls.pop(profile, None)
        if last is None:
            return None
        try:
            return self._ask(last.token, otherwise=last.content)
        except ClientError:
            return None

    def _anew(self, profile: str) -> _Poll:
        session = self._client.start_configuration_session(
            ApplicationIdentifier=self._settings.application,
            EnvironmentIdentifier=self._settings.environment,
            ConfigurationProfileIdentifier=profile,
        )
        return self._ask(session["InitialConfigurationToken"], otherwise=b"")

    def _ask(self, token: str, *, otherwise: bytes) -> _Poll:
        """The newest content; ``otherwise`` where AppConfig answers nothing, which means: what you have."""
        answer = self._client.get_latest_configuration(ConfigurationToken=token)
        content = answer["Configuration"].read()
        return _Poll(content or otherwise, answer["NextPollConfigurationToken"])
