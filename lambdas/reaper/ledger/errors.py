"""Why the ledger could not be used, as one sentence for a person: what, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from botocore import exceptions as botocore_errors
from botocore.exceptions import ClientError

from reaper.sweep.ports import LedgerError

_DENIED: Final = {"AccessDeniedException", "AccessDenied", "NotAuthorized"}
_EXPIRED: Final = {"ExpiredTokenException", "ExpiredToken", "RequestExpired"}
_NOT_ACCEPTED: Final = {
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "IncompleteSignatureException",
    "MissingAuthenticationTokenException",
}
_THROTTLED: Final = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionInProgressException",
}
_MISSING: Final = {"ResourceNotFoundException"}
_CREDENTIALS: Final = (
    botocore_errors.NoCredentialsError,
    botocore_errors.NoAuthTokenError,
    botocore_errors.PartialCredentialsError,
    botocore_errors.CredentialRetrievalError,
    botocore_errors.SSOError,
    botocore_errors.TokenRetrievalError,
)
_SILENT: Final = (botocore_errors.ConnectionError, botocore_errors.HTTPClientError)
_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500
_LONGEST_QUOTE: Final = 200


@dataclass(frozen=True, slots=True)
class Place:
    """The table that keeps the ledger, and its region."""

    table: str
    region: str

    def __str__(self) -> str:
        """``the ledger (table sessions, eu-central-1)``."""
        return f"the ledger (table {self.table}, {self.region})"

    def explain(self, error: Exception, operation: str) -> LedgerError:
        """The error for what ``operation`` (``Query``) raised."""
        call = f"dynamodb:{operation}"
        if isinstance(error, ClientError):
            return LedgerError(f"{self} could not be used: {self._refusal(error, call)}")
        if isinstance(error, _CREDENTIALS):
            return LedgerError(f"{self} could not be used: {call} needs credentials ({_quote(error)}): set them up")
        if isinstance(error, _SILENT):
            return LedgerError(
                f"{self} could not be reached: {call} got no answer ({type(error).__name__}):"
                " check the network and endpoint settings"
            )
        if isinstance(error, botocore_errors.ParamValidationError):
            return LedgerError(f"{self} could not be used: {call} was never sent: {_quote(error)}")
        return self.garbled(operation, type(error).__name__)

    def garbled(self, operation: str, how: str) -> LedgerError:
        """The error for an answer that arrived and cannot be right."""
        return LedgerError(
            f"{self} answered dynamodb:{operation} with something that makes no sense ({how}):"
            " look at what is between here and AWS, such as a proxy or an endpoint setting"
        )

    def busy(self, operation: str, attempts: int) -> LedgerError:
        """The error for an operation that DynamoDB put off in every attempt."""
        return LedgerError(
            f"{self} put dynamodb:{operation} off {attempts} times (throttled, or written by others all the while):"
            " sweep less often, or look at the table's limits"
        )

    def unwritable(self, what: str, error: Exception) -> LedgerError:
        """The error for a memory or a sweep that no item can hold."""
        # Half of a surrogate pair would keep the sentence itself from being logged.
        told = what.encode("utf-8", "replace").decode()
        return LedgerError(f"{self} cannot hold {told}: {_quote(error)}")

    def _refusal(self, error: ClientError, call: str) -> str:
        answer: Any = error.response
        code = str(answer.get("Error", {}).get("Code", "")).rpartition("#")[2]
        message = str(answer.get("Error", {}).get("Message", ""))
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _DENIED:
            why = "an explicit deny forbids it" if "explicit deny" in message else "grant it to the caller"
            return f"{call} was denied: {why}"
        if code in _EXPIRED:
            return f"the credentials have expired ({code}): renew them and run again"
        if code in _NOT_ACCEPTED:
            return f"the credentials were not accepted ({code}): check them"
        if code in _MISSING:
            return "there is no such table: create it, or name another"
        if code in _THROTTLED or status == _TOO_MANY_REQUESTS:
            return f"{call} was throttled until its retries were used up: sweep less often"
        if code == "ValidationException" and "schema" in message:
            return f"the table is no ledger, its keys have to be pk and sk ({_quote(message)})"
        if status >= _SERVER_ERROR:
            return f"{call} failed on the service's side ({code or status}): try again later"
        return f"{call} was refused: {code or status}: {_quote(message)}"


def _quote(error: Exception | str) -> str:
    line = " ".join(str(error).split())
    return line if len(line) <= _LONGEST_QUOTE else f"{line[: _LONGEST_QUOTE - 1]}…"
