"""Sign one request the way Alibaba Cloud's V3 signature (ACS3-HMAC-SHA256) asks for.

Pure: the same request, credentials, date and nonce give the same headers. Written by hand on the standard library
because the vendor's SDK costs 44 MB and a quarter of a second of cold start.

Source: "V3 request structure and signature",
https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key pair, with the session token when the pair is temporary (STS). Its repr shows no secret."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One API request before it is signed.

    ``path`` is already percent-encoded; ``query`` is not. ``body`` is the bytes that will be sent, empty for none.
    """

    method: str
    host: str
    path: str
    action: str
    version: str
    query: Mapping[str, str]
    body: bytes = b""
    content_type: str | None = None


def percent_encode(text: str) -> str:
    """Encode as RFC 3986: everything but letters, digits and ``-._~``."""
    return quote(text, safe="~")


def canonical_query(query: Mapping[str, str]) -> str:
    """The query string, encoded and sorted by name: what is signed and what is sent."""
    return "&".join(f"{percent_encode(name)}={percent_encode(query[name])}" for name in sorted(query))


def signed_headers(request: Request, credentials: Credentials, *, date: datetime, nonce: str) -> dict[str, str]:
    """Every header to send with ``request``, ``Authorization`` included; names are in lower case but for that one.

    ``date`` is an aware datetime; the service refuses one more than 15 minutes off. ``nonce`` must be new for each
    attempt, retries too: the service refuses a nonce it has seen.
    """
    payload = hashlib.sha256(request.body).hexdigest()
    headers = {
        "host": request.host,
        "x-acs-action": request.action,
        "x-acs-version": request.version,
        "x-acs-date": date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-content-sha256": payload,
    }
    if request.content_type is not None:
        headers["content-type"] = request.content_type
    if credentials.security_token is not None:
        headers["x-acs-accesskey-id"] = credentials.access_key_id
        headers["x-acs-security-token"] = credentials.security_token

    names = ";".join(sorted(headers))
    canonical_headers = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical_request = "\n".join(
        (request.method, request.path, canonical_query(request.query), canonical_headers, names, payload)
    )
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical_request.encode()).hexdigest()}"
    signature = hmac.new(credentials.access_key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    authorization = f"{ALGORITHM} Credential={credentials.access_key_id},SignedHeaders={names},Signature={signature}"
    return {**headers, "Authorization": authorization}
