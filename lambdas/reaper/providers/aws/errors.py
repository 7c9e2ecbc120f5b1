"""What went wrong with a call of AWS, as one sentence for a person: what, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore import exceptions as botocore_errors
from botocore.exceptions import ClientError

from reaper.providers.aws.local_failures import local_failure
from reaper.sweep.ports import NotOfferedError, ProviderError, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reaper.providers.aws.clients import AwsClients

_CODES: Final[dict[Trouble, frozenset[str]]] = {
    Trouble.DENIED: frozenset(
        {
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "AuthorizationErrorException",
            "Forbidden",
            "ForbiddenException",
            "NotAuthorized",
            "UnauthorizedException",
            "UnauthorizedOperation",
        }
    ),
    Trouble.CREDENTIALS: frozenset(
        {
            "AuthFailure",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "InvalidToken",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        }
    ),
    Trouble.THROTTLED: frozenset(
        {
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "SlowDown",
            "Throttling",
            "ThrottledException",
            "ThrottlingException",
            "TooManyRequestsException",
        }
    ),
    Trouble.MISSING: frozenset({"EntityNotFoundException", "ResourceNotFoundException"}),
    Trouble.NOT_OFFERED: frozenset({"OptInRequired", "SubscriptionRequiredException"}),
    Trouble.SERVER: frozenset(
        {
            "InternalFailure",
            "InternalServerError",
            "InternalServerErrorException",
            "InternalServerException",
            "InternalServiceException",
            "OperationTimeoutException",
            "RequestTimeout",
            "RequestTimeoutException",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        }
    ),
}
_TROUBLE_OF: Final = {code: trouble for trouble, codes in _CODES.items() for code in codes}
# Not 404: whatever stands between here and AWS may say so, and a session that is gone is left alone.
_STATUS: Final = {403: Trouble.DENIED, 429: Trouble.THROTTLED}

_NO_CREDENTIALS: Final = (
    botocore_errors.NoCredentialsError,
    botocore_errors.NoAuthTokenError,
    botocore_errors.PartialCredentialsError,
    botocore_errors.ProfileNotFound,
)
_BAD_CREDENTIALS: Final = (
    botocore_errors.CredentialRetrievalError,
    botocore_errors.MetadataRetrievalError,
    botocore_errors.SSOError,
    botocore_errors.TokenRetrievalError,
    botocore_errors.UnknownCredentialError,
)
_NO_SUCH_PLACE: Final = (
    botocore_errors.EndpointProviderError,
    botocore_errors.EndpointVariantError,
    botocore_errors.InvalidRegionError,
    botocore_errors.NoRegionError,
    botocore_errors.UnknownEndpointError,
    botocore_errors.UnknownRegionError,
)
_UNREACHABLE: Final = (botocore_errors.ConnectionError, botocore_errors.HTTPClientError)
_MISUSED: Final = (botocore_errors.ParamValidationError, botocore_errors.ValidationError)

_EVERYTHING: Final = "us-east-1"
"""The region in which there is every service that is looked at."""
_AWS_DOMAINS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws")


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: what was asked of which service, and where."""

    call: str
    """``glue:ListSessions``."""
    on: str
    """What it was asked about (``session nightly``), or nothing."""
    region: str
    title: str
    """The service as people call it."""
    clients: AwsClients

    def __str__(self) -> str:
        """``glue:GetSession on session nightly``."""
        return f"{self.call} on {self.on}" if self.on else self.call


def translate(error: Exception, asked: Asked, *, sent: bool) -> ProviderError:
    """The :class:`ProviderError` for what ``asked`` raised; not ``sent`` when there was not even a client to send it."""
    what, region = str(asked), asked.region
    if isinstance(error, ClientError):
        is_its_own = error.operation_name == asked.call.rpartition(":")[2]
        return _refusal(error, asked) if is_its_own else _no_session(error, asked)
    if local := local_failure(error):
        trouble, sentence = local
        return ProviderError(trouble, f"{what} in {region} was never sent: {sentence}")
    if isinstance(error, _NO_CREDENTIALS):
        detail = _line(error)
        return ProviderError(
            Trouble.CREDENTIALS, f"{what} in {region} needs credentials ({detail}): name a profile, or set them up"
        )
    if isinstance(error, _BAD_CREDENTIALS) or type(error).__name__.startswith("Login"):
        return ProviderError(
            Trouble.CREDENTIALS, f"no credentials could be had for {what} in {region} ({_line(error)}): log in again"
        )
    if isinstance(error, _NO_SUCH_PLACE):
        return _not_offered(asked)
    if isinstance(error, _UNREACHABLE):
        return _silence(error, asked)
    if not sent or isinstance(error, _MISUSED):
        return ProviderError(Trouble.REFUSED, f"{what} in {region} was never sent: {_line(error)}")
    return ProviderError(
        Trouble.GARBLED,
        f"{what} in {region} was answered with something that makes no sense ({type(error).__name__}):"
        " look at what is between here and AWS, such as a proxy or an endpoint setting",
    )


def is_throttled(answer: Mapping[str, Any]) -> bool:
    """Whether ``answer``, as botocore parses it, says that the service was asked too much."""
    code, status = answer.get("Error", {}).get("Code"), answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return (_TROUBLE_OF.get(str(code)) or _STATUS.get(status)) is Trouble.THROTTLED


def _not_offered(asked: Asked) -> ProviderError:
    return ProviderError(
        Trouble.NOT_OFFERED, f"{asked.title} is not offered in {asked.region}, or the region is misspelt"
    )


def _no_session(error: ClientError, asked: Asked) -> ProviderError:
    """The call that failed was not the one that was asked for: the SDK made it to get at credentials (``AssumeRole``)."""
    answer: Any = error.response
    code, message = (str(answer.get("Error", {}).get(part, "")) for part in ("Code", "Message"))
    why = f"{error.operation_name} was refused: {code}: {_shorten(message)}"
    sentence = f"no credentials could be had for {asked} in {asked.region} ({why}): check the role and the profile"
    return ProviderError(Trouble.CREDENTIALS, sentence)


def _refusal(error: ClientError, asked: Asked) -> ProviderError:
    what, region = str(asked), asked.region
    answer: Any = error.response
    code = str(answer.get("Error", {}).get("Code", "")).rpartition("#")[2]
    message = _shorten(str(answer.get("Error", {}).get("Message", "")))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    trouble = _TROUBLE_OF.get(code) or _STATUS.get(status)
    if trouble is None:
        trouble = Trouble.SERVER if status >= 500 else Trouble.REFUSED  # noqa: PLR2004 - HTTP
    match trouble:
        case Trouble.DENIED:
            why = "an explicit deny forbids it" if "explicit deny" in message else "grant it to the caller"
            sentence = f"{what} was denied in {region}: {why}"
        case Trouble.CREDENTIALS if "Expired" in code:
            sentence = f"the credentials have expired ({code} for {what} in {region}): renew them and run again"
        case Trouble.CREDENTIALS:
            sentence = (
                f"the credentials were not accepted ({code} for {what} in {region}):"
                " check them, blanks at their end too, and that the account has the region enabled"
            )
        case Trouble.THROTTLED:
            sentence = f"{what} was throttled in {region} until its retries were used up: sweep less often"
        case Trouble.MISSING:
            sentence = f"{what} in {region} found nothing there ({code or status})"
        case Trouble.NOT_OFFERED:
            sentence = f"{what} is not open to this account in {region} ({code}): sign up for it there"
        case Trouble.SERVER:
            sentence = f"{what} failed in {region} on the service's side ({code or status}): try again later"
        case _:
            sentence = f"{what} was refused in {region}: {code}: {message}"
    return ProviderError(trouble, sentence)


def _silence(error: Exception, asked: Asked) -> ProviderError:
    details: dict[str, Any] = getattr(error, "kwargs", {})
    host = urlsplit(str(details.get("endpoint_url", ""))).hostname or ""
    if isinstance(error, botocore_errors.EndpointConnectionError) and host.endswith(_AWS_DOMAINS):
        clients, region = asked.clients, asked.region
        if _is_nowhere(host, asked):
            return NotOfferedError(f"{asked.title} is not offered in {region}: leave out one of them")
        if not clients.lists(region) or clients.lists(region, asked.call.partition(":")[0]) is False:
            return _not_offered(asked)
    return ProviderError(
        Trouble.UNREACHABLE,
        f"{asked} in {asked.region} got no answer from {host or 'the service'} ({type(error).__name__}):"
        f" check the network, endpoint settings, and that {asked.title} is offered there",
    )


def _is_nowhere(host: str, asked: Asked) -> bool:
    """Whether AWS has no such endpoint, for certain: nothing of the service can be in that region.

    It has no name, though names are looked up well here: that of STS in the same region, and that of the same service where
    it is known to be. A network without names, a closed one, or a region of another partition is no proof.
    """
    clients, region = asked.clients, asked.region
    before, found, domain = host.partition(f".{region}.")
    if not found or domain != "amazonaws.com" or not clients.lists(region):
        return False
    if clients.lists(region, asked.call.partition(":")[0]):
        return False
    return (
        clients.has_name(host) is False
        and clients.has_name(f"sts.{region}.{domain}") is True
        and clients.has_name(f"{before}.{_EVERYTHING}.{domain}") is True
    )


def _line(error: Exception) -> str:
    return _shorten(str(error))


def _shorten(text: str, most: int = 200) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
