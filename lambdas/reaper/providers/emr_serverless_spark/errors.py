"""What can go wrong with a call to EMR Serverless Spark, as one exception with a closed set of kinds."""

from collections.abc import Mapping
from enum import StrEnum

# A vendor message can quote the whole string to sign; a report needs the first sentence of it.
_LONGEST_MESSAGE = 300


class ErrorKind(StrEnum):
    """What a failed call means to the caller, whatever words the service chose for it."""

    DENIED = "denied"
    CREDENTIALS = "credentials"
    THROTTLED = "throttled"
    MISSING = "missing"
    INVALID = "invalid"
    SERVER = "server"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"


class EmrServerlessSparkError(Exception):
    """A call that did not give an answer that can be relied on.

    `code` is the service's own error code, or one of ours in the same style (`Unreachable`, `MalformedResponse`,
    `RepeatedPageToken`, `TooManyPages`). `status` is the HTTP status, None when there was no response. `request_id`
    is what the vendor's support asks for.
    """

    def __init__(
        self,
        operation: str,
        kind: ErrorKind,
        code: str,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        """Keep every part, and make a sentence of them."""
        self.operation = operation
        self.kind = kind
        self.code = code
        self.message = message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + "..."
        self.status = status
        self.request_id = request_id
        where = code if status is None else f"{code}, HTTP {status}"
        suffix = "" if request_id is None else f" [request {request_id}]"
        super().__init__(f"{operation}: {where}: {self.message}{suffix}")

    @property
    def is_denied(self) -> bool:
        """The credentials are good, the permission is missing."""
        return self.kind is ErrorKind.DENIED

    @property
    def is_credentials(self) -> bool:
        """The service does not know or no longer accepts the key pair or token."""
        return self.kind is ErrorKind.CREDENTIALS

    @property
    def is_throttled(self) -> bool:
        """Refused before it was carried out, because of too many calls."""
        return self.kind is ErrorKind.THROTTLED

    @property
    def is_missing(self) -> bool:
        """The workspace or session named in the call does not exist."""
        return self.kind is ErrorKind.MISSING


# No error code of this service is documented; these are Alibaba Cloud's common ones.
_CREDENTIALS = (
    "InvalidAccessKeyId",
    "InvalidAccessKeySecret",
    "InvalidSecurityToken",
    "MissingSecurityToken",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidTimeStamp",
    "IllegalTimestamp",
)
_DENIED = ("Forbidden", "NoPermission", "AccessDenied", "ImplicitDeny", "ExplicitDeny")
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY_REQUESTS, _SERVER = 401, 403, 404, 429, 500


def kind_of(status: int, code: str) -> ErrorKind:
    """The kind of an error response. The code outranks the status: an unknown access key comes with HTTP 404."""
    if status == _TOO_MANY_REQUESTS or code.startswith("Throttling"):
        return ErrorKind.THROTTLED
    if status == _UNAUTHORIZED or code.startswith(_CREDENTIALS):
        return ErrorKind.CREDENTIALS
    if status == _FORBIDDEN or code.startswith(_DENIED):
        return ErrorKind.DENIED
    if status >= _SERVER:
        return ErrorKind.SERVER
    if status == _NOT_FOUND or code.endswith((".NotFound", ".NotExist")):
        return ErrorKind.MISSING
    return ErrorKind.INVALID


def error_of(operation: str, status: int, body: Mapping[str, object]) -> EmrServerlessSparkError:
    """The error that a response with an HTTP error status tells of.

    Reads both spellings that the vendor's own SDK reads: `Code`/`code`, `Message`/`message`, `RequestId`/`requestId`.
    """

    def part(name: str) -> str | None:
        value = body.get(name) or body.get(name[0].lower() + name[1:])
        return value if isinstance(value, str) else None

    code = part("Code") or f"Http{status}"
    return EmrServerlessSparkError(
        operation,
        kind_of(status, code),
        code,
        part("Message") or "the service gave no message",
        status=status,
        request_id=part("RequestId"),
    )
