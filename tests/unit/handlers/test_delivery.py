from __future__ import annotations

import io
from collections import deque

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from reaper.handlers.delivery import Delivery, DeliveryError
from reaper.settings import DeliverySettings

SETTINGS = DeliverySettings(application="app", environment="env", policies="pol", switch="swi")
POLICIES = b'{"version": 1, "policies": [{"name": "idle", "when": {"phase": "idle"}, "then": "stop"}]}'


class AppConfig:
    """AppConfig's data plane: a token is good for one call, and what a session has already is sent as nothing."""

    def __init__(self, **contents: bytes) -> None:
        self.contents = contents
        self.sessions = 0
        self.received = 0
        self.refusals: deque[Exception] = deque()
        self._tokens: dict[str, tuple[str, bytes]] = {}

    def start_configuration_session(self, **request):
        assert request["ApplicationIdentifier"] == "app"
        assert request["EnvironmentIdentifier"] == "env"
        if self.refusals:
            raise self.refusals.popleft()
        self.sessions += 1
        return {"InitialConfigurationToken": self._token(request["ConfigurationProfileIdentifier"], b"")}

    def get_latest_configuration(self, **request):
        if self.refusals:
            raise self.refusals.popleft()
        if request["ConfigurationToken"] not in self._tokens:
            raise refusal("BadRequestException", "GetLatestConfiguration")
        profile, has = self._tokens.pop(request["ConfigurationToken"])
        newest = self.contents.get(profile, b"")
        sent = b"" if newest == has else newest
        self.received += bool(sent)
        return {"Configuration": io.BytesIO(sent), "NextPollConfigurationToken": self._token(profile, newest)}

    def forget_tokens(self):
        self._tokens.clear()

    def _token(self, profile, has):
        token = f"token-{self.sessions}-{profile}-{len(self._tokens)}-{self.received}"
        self._tokens[token] = (profile, has)
        return token


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


def test_policies_are_ready_to_judge_with():
    book = Delivery(AppConfig(pol=POLICIES), SETTINGS).policies()

    assert [policy.name for policy in book.book.policies] == ["idle"]


def test_a_warm_function_receives_unchanged_policies_once_and_changed_ones_at_once():
    appconfig = AppConfig(pol=POLICIES)
    delivery = Delivery(appconfig, SETTINGS)

    first, again = delivery.policies(), delivery.policies()
    appconfig.contents["pol"] = POLICIES.replace(b"idle", b"quiet", 1)
    changed = delivery.policies()

    assert first.book == again.book
    assert [policy.name for policy in changed.book.policies] == ["quiet"]
    assert (appconfig.sessions, appconfig.received) == (1, 2)


def test_a_token_that_serves_no_more_is_replaced():
    appconfig = AppConfig(pol=POLICIES)
    delivery = Delivery(appconfig, SETTINGS)
    delivery.policies()
    appconfig.forget_tokens()

    assert delivery.policies().book.policies
    assert appconfig.sessions == 2


@pytest.mark.parametrize(
    "error",
    [
        refusal("AccessDeniedException", "StartConfigurationSession"),
        refusal("ResourceNotFoundException", "StartConfigurationSession"),
        refusal("ThrottlingException", "StartConfigurationSession"),
        EndpointConnectionError(endpoint_url="https://appconfigdata.invalid"),
    ],
)
def test_policies_that_cannot_be_fetched_are_an_error_even_if_there_were_some_before(error):
    appconfig = AppConfig(pol=POLICIES)
    delivery = Delivery(appconfig, SETTINGS)
    delivery.policies()
    appconfig.forget_tokens()
    appconfig.refusals.extend([error, error])

    with pytest.raises(DeliveryError, match="the policies could not be fetched from AppConfig"):
        delivery.policies()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "nothing deployed for the policies"),
        (b"{", "the policies in AppConfig cannot be read"),
        (b"\xff\xfe", "the policies in AppConfig cannot be read"),
        (b"version: 1", "the policies in AppConfig cannot be read"),
        (b'{"policies": []}', "the policies in AppConfig are wrong: policies"),
        (POLICIES.replace(b'"idle"}', b'"sleeping"}'), "policies[0].when.phase"),
        (POLICIES.replace(b"when", b"whne"), "the policies in AppConfig are wrong"),
        (b'{"version": 1, "policies": [{}, {}, {}, {}, {}]}', "more)"),
    ],
)
def test_policies_that_cannot_be_used_are_an_error_that_says_why(content, sentence):
    with pytest.raises(DeliveryError) as caught:
        Delivery(AppConfig(pol=content), SETTINGS).policies()

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"), [(b'{"report_only": true}', True), (b'{ "report_only":false }', False)]
)
def test_the_switch_says_whether_only_to_report(content, expected):
    assert Delivery(AppConfig(swi=content), SETTINGS).report_only() is expected


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"false", b'{"report_only": "false"}', b'{"report_only": 0}', b'{"report_only": null}', b"\xff"],
)
def test_a_switch_that_says_neither_is_an_error_and_never_leave_to_stop(content):
    with pytest.raises(DeliveryError, match="switch"):
        Delivery(AppConfig(swi=content), SETTINGS).report_only()
