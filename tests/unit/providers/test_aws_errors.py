"""What people are told of a call of AWS that went wrong."""

from __future__ import annotations

import socket
from collections.abc import Mapping

import pytest
from botocore import exceptions as botocore_errors
from botocore.exceptions import ClientError

from reaper.catalog.services import specs
from reaper.providers.aws.clients import AwsClients
from reaper.providers.aws.errors import Asked, translate
from reaper.providers.aws.service import AwsService
from reaper.providers.context import ProviderContext
from reaper.providers.instants import Instants
from reaper.sweep.ports import NotOfferedError, ProviderError, Trouble

REGION = "eu-central-1"


def service() -> AwsService:
    return AwsService(AwsClients(), "glue", "AWS Glue", "111122223333", REGION, Instants("AWS Glue", 0.0))


def said_of(error: Exception, *, on: str = "", region: str = REGION, call: str = "glue:ListSessions"):
    translated = translate(error, Asked(call, on, region, "AWS Glue", AwsClients()), sent=True)
    return translated.trouble, str(translated)


def refused(
    code: str, status: int = 400, message: str = "as the vendor\nputs it", operation: str = "ListSessions"
) -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "trouble", "sentence"),
    [
        (
            refused("AccessDeniedException"),
            Trouble.DENIED,
            "glue:ListSessions was denied in eu-central-1: grant it to the caller",
        ),
        (
            refused("AccessDenied", 403, "... with an explicit deny in a service control policy"),
            Trouble.DENIED,
            "glue:ListSessions was denied in eu-central-1: an explicit deny forbids it",
        ),
        (refused("Odd", 403), Trouble.DENIED, "glue:ListSessions was denied in eu-central-1: grant it to the caller"),
        (
            refused("ExpiredTokenException"),
            Trouble.CREDENTIALS,
            (
                "the credentials have expired (ExpiredTokenException for glue:ListSessions in eu-central-1):"
                " renew them and run again"
            ),
        ),
        (
            refused("UnrecognizedClientException"),
            Trouble.CREDENTIALS,
            (
                "the credentials were not accepted (UnrecognizedClientException for glue:ListSessions in eu-central-1):"
                " check them, blanks at their end too, and that the account has the region enabled"
            ),
        ),
        (
            refused("com.amazon#ThrottlingException"),
            Trouble.THROTTLED,
            "glue:ListSessions was throttled in eu-central-1 until its retries were used up: sweep less often",
        ),
        (
            refused("404", status=404),
            Trouble.REFUSED,
            "glue:ListSessions was refused in eu-central-1: 404: as the vendor puts it",
        ),
        (
            refused("EntityNotFoundException"),
            Trouble.MISSING,
            "glue:ListSessions in eu-central-1 found nothing there (EntityNotFoundException)",
        ),
        (
            refused("", 502),
            Trouble.SERVER,
            "glue:ListSessions failed in eu-central-1 on the service's side (502): try again later",
        ),
        (
            refused("SubscriptionRequiredException", 403),
            Trouble.NOT_OFFERED,
            (
                "glue:ListSessions is not open to this account in eu-central-1 (SubscriptionRequiredException):"
                " sign up for it there"
            ),
        ),
        (
            refused("IllegalSessionStateException"),
            Trouble.REFUSED,
            "glue:ListSessions was refused in eu-central-1: IllegalSessionStateException: as the vendor puts it",
        ),
        (
            botocore_errors.NoCredentialsError(),
            Trouble.CREDENTIALS,
            (
                "glue:ListSessions in eu-central-1 needs credentials (Unable to locate credentials):"
                " name a profile, or set them up"
            ),
        ),
        (
            botocore_errors.ProfileNotFound(profile="nobody"),
            Trouble.CREDENTIALS,
            (
                "glue:ListSessions in eu-central-1 needs credentials (The config profile (nobody) could not be found):"
                " name a profile, or set them up"
            ),
        ),
        (
            botocore_errors.InvalidRegionError(region_name="?"),
            Trouble.NOT_OFFERED,
            "AWS Glue is not offered in eu-central-1, or the region is misspelt",
        ),
        (
            botocore_errors.ReadTimeoutError(endpoint_url="https://glue.eu-central-1.amazonaws.com/"),
            Trouble.UNREACHABLE,
            (
                "glue:ListSessions in eu-central-1 got no answer from glue.eu-central-1.amazonaws.com (ReadTimeoutError):"
                " check the network, endpoint settings, and that AWS Glue is offered there"
            ),
        ),
        (
            refused("AccessDenied", 403, "MultiFactorAuthentication failed", operation="AssumeRole"),
            Trouble.CREDENTIALS,
            (
                "no credentials could be had for glue:ListSessions in eu-central-1 (AssumeRole was refused: AccessDenied:"
                " MultiFactorAuthentication failed): check the role and the profile"
            ),
        ),
        (
            FileNotFoundError(2, "No such file or directory", "/run/token"),
            Trouble.CREDENTIALS,
            (
                "glue:ListSessions in eu-central-1 was never sent: /run/token, which the credentials need, cannot be read:"
                " No such file or directory"
            ),
        ),
        (
            AttributeError("'str' object has no attribute 'get'"),
            Trouble.GARBLED,
            (
                "glue:ListSessions in eu-central-1 was answered with something that makes no sense (AttributeError):"
                " look at what is between here and AWS, such as a proxy or an endpoint setting"
            ),
        ),
    ],
)
def test_says_what_went_wrong_where_and_what_to_do(error, trouble, sentence):
    assert said_of(error) == (trouble, sentence)


def test_names_what_it_was_asked_about():
    _, sentence = said_of(refused("AccessDenied", operation="GetSession"), on="session nightly", call="glue:GetSession")

    assert sentence == "glue:GetSession on session nightly was denied in eu-central-1: grant it to the caller"


@pytest.mark.parametrize(
    ("region", "call", "trouble"),
    [
        ("eu-centrall-1", "glue:ListSessions", Trouble.NOT_OFFERED),
        ("xx-1", "deadline:ListFarms", Trouble.NOT_OFFERED),
        (REGION, "glue:ListSessions", Trouble.UNREACHABLE),
        # botocore lists no regions for Deadline Cloud at all.
        (REGION, "deadline:ListFarms", Trouble.UNREACHABLE),
    ],
)
def test_no_endpoint_in_a_region_nobody_lists_means_a_misspelt_region(region, call, trouble):
    url = f"https://{call.partition(':')[0]}.{region}.amazonaws.com/"

    assert said_of(botocore_errors.EndpointConnectionError(endpoint_url=url), region=region, call=call)[0] is trouble


HOME = "management.deadline.us-east-1.amazonaws.com"
NEIGHBOUR = "sts.eu-north-1.amazonaws.com"
ABSENT = "management.deadline.eu-north-1.amazonaws.com"


def told_where_names_are(monkeypatch, known: Mapping[str, bool | None], host: str = ABSENT, region: str = "eu-north-1"):
    monkeypatch.setattr(AwsClients, "has_name", staticmethod(lambda host: known.get(host, False)))
    error = botocore_errors.EndpointConnectionError(endpoint_url=f"https://{host}/")
    asked = Asked("deadline:ListFarms", "", region, "AWS Deadline Cloud", AwsClients())
    return translate(error, asked, sent=True)


def test_a_service_without_a_name_where_names_are_looked_up_well_is_not_offered_for_certain(monkeypatch):
    told = told_where_names_are(monkeypatch, {HOME: True, NEIGHBOUR: True})

    assert isinstance(told, NotOfferedError)
    assert str(told) == "AWS Deadline Cloud is not offered in eu-north-1: leave out one of them"


@pytest.mark.parametrize(
    "known",
    [
        {},
        {HOME: True},
        {NEIGHBOUR: True},
        {HOME: True, NEIGHBOUR: True, ABSENT: True},
        {HOME: True, NEIGHBOUR: True, ABSENT: None},
        {HOME: None, NEIGHBOUR: True},
        {HOME: True, NEIGHBOUR: None},
    ],
    ids=["no names", "no neighbour", "not known anywhere", "there", "unsure", "unsure at home", "unsure of neighbour"],
)
def test_whatever_else_keeps_an_endpoint_from_answering_proves_nothing(monkeypatch, known):
    told = told_where_names_are(monkeypatch, known)

    assert not isinstance(told, NotOfferedError)
    assert told.trouble is Trouble.UNREACHABLE


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("deadline.internal.example", "eu-north-1"),
        ("management.deadline.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("management.deadline.eu-northh-1.amazonaws.com", "eu-northh-1"),
    ],
)
def test_an_endpoint_of_ones_own_another_partition_or_a_misspelt_region_proves_nothing(monkeypatch, host, region):
    names = {HOME: True, f"sts.{region}.amazonaws.com": True, f"sts.{region}.amazonaws.com.cn": True}
    assert not isinstance(told_where_names_are(monkeypatch, names, host, region), NotOfferedError)


def test_a_name_that_nobody_has_is_told_from_one_that_could_not_be_looked_up(mocker):
    look = mocker.patch("reaper.providers.aws.clients.socket.getaddrinfo")
    look.side_effect = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert AwsClients.has_name(ABSENT) is False
    look.side_effect = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    assert AwsClients.has_name(ABSENT) is None
    look.side_effect = None
    assert AwsClients.has_name(ABSENT) is True


def test_an_endpoint_of_ones_own_that_is_down_is_unreachable_whatever_the_region():
    error = botocore_errors.EndpointConnectionError(endpoint_url="http://127.0.0.1:9/")

    assert said_of(error, region="xx-1") == (
        Trouble.UNREACHABLE,
        (
            "glue:ListSessions in xx-1 got no answer from 127.0.0.1 (EndpointConnectionError):"
            " check the network, endpoint settings, and that AWS Glue is offered there"
        ),
    )


def test_a_client_that_cannot_be_made_is_an_error_of_the_call(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "not a url")

    with pytest.raises(ProviderError, match=r"glue:ListSessions in eu-central-1 was never sent: .*not a url") as caught:
        service().call("ListSessions")
    assert caught.value.trouble is Trouble.REFUSED


def test_parameters_that_cannot_be_are_never_sent():
    with pytest.raises(ProviderError, match="glue:GetSession in eu-central-1 was never sent") as caught:
        service().call("GetSession", Id=7)
    assert caught.value.trouble is Trouble.REFUSED


def test_an_unreachable_endpoint_is_told_soon_and_in_one_sentence(monkeypatch, mocker):
    slept = mocker.patch("botocore.endpoint.time.sleep")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    with pytest.raises(
        ProviderError, match=r"glue:ListSessions in eu-central-1 got no answer from 127\.0\.0\.1"
    ) as caught:
        service().call("ListSessions")
    assert caught.value.trouble is Trouble.UNREACHABLE
    assert slept.call_count == 2


def test_a_provider_without_aws_clients_cannot_be_made():
    with pytest.raises(ProviderError, match="AWS Glue needs AWS clients"):
        AwsService.of(ProviderContext(account="1", region=REGION), specs()["glue"])
