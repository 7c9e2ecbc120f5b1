"""What sessions and scopes are called wherever one text has to name them: people read it, and it can be read back."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from reaper.core.session import ScopeKey, SessionRef

_ESCAPES: Final = str.maketrans({"%": "%25", "/": "%2F", "=": "%3D", " ": "%20"})
_SCOPE_PARTS: Final = 3


class NotANameError(ValueError):
    """A text that should name a session or a scope names none."""


def session_name(ref: SessionRef) -> str:
    """``athena/123456789012/eu-central-1/workgroup=science/8f1c``; different sessions have different names."""
    scope = [f"{_escape(key)}={_escape(value)}" for key, value in ref.scope]
    return "/".join([*(_escape(part) for part in (ref.service, ref.account, ref.region)), *scope, _escape(ref.id)])


def session_of(name: str) -> SessionRef:
    """The session that :func:`session_name` calls ``name``.

    Raises:
        NotANameError: it calls none so.
    """
    parts = name.split("/")
    if len(parts) <= _SCOPE_PARTS or not all("=" in part for part in parts[_SCOPE_PARTS:-1]):
        raise NotANameError(f"{name!r} names no session")
    service, account, region, *scope, id_ = parts
    pairs = (part.partition("=") for part in scope)
    return SessionRef(
        unquote(service),
        unquote(account),
        unquote(region),
        tuple((unquote(key), unquote(value)) for key, _, value in pairs),
        unquote(id_),
    )


def scope_name(key: ScopeKey) -> str:
    """``glue 123456789012 eu-central-1``."""
    return " ".join(_escape(part) for part in (key.service, key.account, key.region))


def scope_of(name: str) -> ScopeKey:
    """The scope that :func:`scope_name` calls ``name``.

    Raises:
        NotANameError: it calls none so.
    """
    parts = [unquote(part) for part in name.split(" ")]
    if len(parts) != _SCOPE_PARTS:
        raise NotANameError(f"{name!r} names no scope")
    return ScopeKey(*parts)


def _escape(part: str) -> str:
    return part.translate(_ESCAPES)
