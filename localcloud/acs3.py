"""Check an Alibaba Cloud V3 signature (ACS3-HMAC-SHA256) as the vendor's gateway does.

Written from the vendor's description, apart from the product's signer, so that the two can disagree.
https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

_AUTHORIZATION = re.compile(r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})")
_DATE = "%Y-%m-%dT%H:%M:%SZ"
_MOST_SKEW = 900.0  # seconds


class AlibabaError(Exception):
    """An error response in the vendor's shape: HTTP status, code, message, and headers beside the usual ones."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; header names are in lower case, `target` is the path and query of the request line."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Keys:
    """The access keys that exist: id to secret, and for temporary ones id to the security token they come with."""

    secrets: dict[str, str]
    tokens: dict[str, str]


class Verifier:
    """Lets through what is signed by a known key, lately, once, and untouched since. Not for several threads at once."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._nonces: set[str] = set()

    def check(self, request: Request) -> str:
        """Return the access key id of who signed the request. Raises AlibabaError with the vendor's codes."""
        headers = request.headers
        match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if match is None:
            raise AlibabaError(
                400, "IncompleteSignature", "The request signature does not conform to Aliyun standards."
            )
        key, names, signature = match.groups()
        signed = names.split(";")
        _check_present(headers, signed)
        if key not in self._keys.secrets:
            raise AlibabaError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        if headers["x-acs-content-sha256"] != hashlib.sha256(request.body).hexdigest():
            raise AlibabaError(400, "InvalidContentSha256", "The body does not have the hash that was signed.")
        expected = _signature(request, signed, self._keys.secrets[key])
        if not hmac.compare_digest(expected, signature):
            raise AlibabaError(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
        token = self._keys.tokens.get(key)
        if token is not None and headers.get("x-acs-security-token") != token:
            raise AlibabaError(400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
        self._check_fresh(headers)
        return key

    def _check_fresh(self, headers: Mapping[str, str]) -> None:
        # Real time, not the world's: whoever signs lives in real time.
        try:
            signed_at = datetime.strptime(headers["x-acs-date"], _DATE).replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise AlibabaError(400, "InvalidTimeStamp.Format", "Specified time stamp or date is not valid.") from None
        if abs(time.time() - signed_at) > _MOST_SKEW:
            raise AlibabaError(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        nonce = headers["x-acs-signature-nonce"]
        if nonce in self._nonces:
            raise AlibabaError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces.add(nonce)


def _check_present(headers: Mapping[str, str], signed: list[str]) -> None:
    needed = {"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"}
    for name in sorted(needed):
        if not headers.get(name):
            raise AlibabaError(400, "MissingParameter", f"The header {name} is mandatory for this action.")
    if "content-type" in headers:
        needed.add("content-type")
    unsigned = (needed | {name for name in headers if name.startswith("x-acs-")}) - set(signed)
    if unsigned:
        message = f"These headers have to be signed: {', '.join(sorted(unsigned))}."
        raise AlibabaError(400, "IncompleteSignature", message)


def _signature(request: Request, signed: list[str], secret: str) -> str:
    parts = urlsplit(request.target)
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    lines = [request.method, parts.path or "/", query]
    lines += [f"{name}:{request.headers.get(name, '').strip()}" for name in sorted(signed)]
    lines += ["", ";".join(sorted(signed)), hashlib.sha256(request.body).hexdigest()]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return hmac.new(secret.encode(), f"ACS3-HMAC-SHA256\n{digest}".encode(), hashlib.sha256).hexdigest()
