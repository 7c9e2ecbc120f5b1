"""What goes wrong on this machine before a request is sent: prompts, files, certificates, and keys that cannot be."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from typing import Final

from botocore.exceptions import HTTPClientError, SSLError

from reaper.sweep.ports import Trouble

_KEYS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_BUNDLE: Final = "AWS_CA_BUNDLE, or ca_bundle of the profile,"


def local_failure(error: BaseException) -> tuple[Trouble, str] | None:
    """The kind and the sentence of ``error`` where it is this machine's own, which no other attempt would mend.

    ``None`` where something was sent, or may have been. The sentence never shows a key.
    """
    if isinstance(error, EOFError):
        return Trouble.CREDENTIALS, (
            "the profile asks for a one-time password (MFA) and there is no terminal to type it at:"
            " run this in a terminal, or get temporary credentials for the profile first"
        )
    if isinstance(error, HTTPClientError | SSLError):
        return next(filter(None, map(_inner, _chain(error))), None)
    # Requests are botocore's to send, and it wraps what they raise: a bare one comes from reading profiles and tokens.
    if isinstance(error, OSError) and error.filename:
        why = error.strerror or type(error).__name__
        return Trouble.CREDENTIALS, f"{error.filename}, which the credentials need, cannot be read: {why}"
    return None


def _inner(error: BaseException) -> tuple[Trouble, str] | None:
    """The same for one of the errors that a client of HTTP wrapped."""
    if isinstance(error, ValueError) and "header value" in str(error) and not isinstance(error, ssl.SSLError):
        named = [name for name in _KEYS if (value := os.environ.get(name, "")) != value.strip()]
        whose = " and ".join(named) or "a key of the profile"
        return Trouble.CREDENTIALS, f"{whose} holds a line break or a blank at its end: set it without"
    if isinstance(error, ssl.SSLCertVerificationError):
        return Trouble.UNREACHABLE, (
            f"the certificate that answered is not trusted ({error.verify_message}):"
            " where a proxy puts in its own, name the file of its authority with AWS_CA_BUNDLE"
        )
    if isinstance(error, ssl.SSLError) and "NO_CERTIFICATE" in str(error):
        return Trouble.REFUSED, f"{_BUNDLE} names a file without any certificate"
    # Of TLS, these are of the files it reads.
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError):
        return Trouble.REFUSED, f"{_BUNDLE} names a file that cannot be read ({error.strerror})"
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """What ``error`` was made of, outermost first."""
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        one = pending.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        pending += [getattr(one, "kwargs", {}).get("error"), getattr(one, "reason", None), *one.args]
        pending += [one.__cause__, one.__context__]
