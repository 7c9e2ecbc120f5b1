"""What can go wrong with a call to EMR Serverless Spark, in the sweep's own kinds of trouble."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reaper.sweep.ports import ProviderError, Trouble

# A vendor message can quote the whole string to sign; a report needs the first sentence of it.
_LONGEST_MESSAGE = 300

_ADVICE: Mapping[Trouble, str] = {
    Trouble.DENIED: "grant the RAM action emr-serverless-spark:{operation} to the caller",
    Trouble.CREDENTIALS: "check ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and, for temporary "
    "credentials, ALIBABA_CLOUD_SECURITY_TOKEN",
    Trouble.UNREACHABLE: "check the region, the endpoint and the network",
}


class EmrServerlessSparkError(ProviderError):
    """A call that did not give an answer that can be relied on.

    ``code`` is the service's own error code, or one of ours in the same style (``Unreachable``, ``MalformedResponse``,
    ``RepeatedPageToken``, ``TooManyPages``, ``IncompleteList``). ``status`` is the HTTP status, ``None`` when there was
    no response. ``request_id`` is what the vendor's support asks for.
    """

    def __init__(  # noqa: PLR0913 - the parts of one error
        self,
        operation: str,
        trouble: Trouble,
        code: str,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        """Keep every part, and make a sentence of them."""
        where = code if status is None else f"{code}, HTTP {status}"
        shown = message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + "..."
        request = "" if request_id is None else f" [request {request_id}]"
        advice = f"; {_ADVICE[trouble].format(operation=operation)}" if trouble in _ADVICE else ""
        call = f"emr-serverless-spark:{operation}"
        super().__init__(trouble, f"{call} failed ({where}): {shown}{request}{advice}", call=call)
        self.operation = operation
        self.code = code
        self.message = shown
        self.status = status
        self.request_id = request_id

    @property
    def is_throttled(self) -> bool:
        """Refused before it was carried out, because of too many calls."""
        return self.trouble is Trouble.THROTTLED

    @property
    def is_missing(self) -> bool:
        """The workspace or session named in the call does not exist."""
        return self.trouble is Trouble.MISSING


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
# An unknown operation, version or host is "not found" too, and says nothing about the session.
_REFUSED = ("InvalidAction", "InvalidVersion", "InvalidApi", "InvalidProduct")
_MISSING = re.compile(r"(Invalid)?(SessionCluster|Session|Workspace)(Id)?\.?Not(Found|Exists?)")

_BY_CODE: tuple[tuple[tuple[str, ...], Trouble], ...] = (
    (("Throttling",), Trouble.THROTTLED),
    (_CREDENTIALS, Trouble.CREDENTIALS),
    (_DENIED, Trouble.DENIED),
    (_REFUSED, Trouble.REFUSED),
)
_BY_STATUS: Mapping[int, Trouble] = {401: Trouble.CREDENTIALS, 403: Trouble.DENIED, 429: Trouble.THROTTLED}
_SERVER = 500


def trouble_of(status: int, code: str | None) -> Trouble:
    """The kind of an error response; ``code`` is None when it had none.

    The code outranks the status: an unknown access key comes with HTTP 404. Only a code that names the session or its
    workspace says that it is gone; a bare 404 may come from anything between here and the service.
    """
    for prefixes, trouble in _BY_CODE:
        if code is not None and code.startswith(prefixes):
            return trouble
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= _SERVER:
        return Trouble.SERVER
    if code is not None and _MISSING.fullmatch(code):
        return Trouble.MISSING
    return Trouble.REFUSED


def error_of(operation: str, status: int, body: Mapping[str, object]) -> EmrServerlessSparkError:
    """The error that a response tells of.

    Reads both spellings that the vendor's own SDK reads: ``Code``/``code``, ``Message``/``message``,
    ``RequestId``/``requestId``.
    """

    def part(name: str) -> str | None:
        value = body.get(name) or body.get(name[0].lower() + name[1:])
        return value if isinstance(value, str) else None

    code = part("Code")
    return EmrServerlessSparkError(
        operation,
        trouble_of(status, code),
        code or "no error code",
        part("Message") or "the service gave no message",
        status=status,
        request_id=part("RequestId"),
    )
