"""Posting to Slack: through an incoming webhook, or ``chat.postMessage`` with a bot's token.

What can pass is tried again within the time there is; what cannot is known by Slack's own words for it. Neither a webhook's
URL nor a token is ever in an error or a ``repr``: whoever has one can post.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit

import urllib3

from reaper.notifiers.port import NotifyError
from reaper.wire.codec import encode

DEFAULT_API: Final = "https://slack.com/api/"
ATTEMPTS: Final = 4
"""How often what may pass is tried in all."""
MOST_WAITS: Final = 10
"""How often a rate limit is waited for: Slack allows about one message a second and channel (its "Rate limits")."""

_FIRST_PAUSE: Final = 1.0
_UNSAID_PAUSE: Final = 30.0
"""Seconds to wait for a rate limit whose end Slack did not tell."""
_CONNECT, _READ = 5.0, 10.0
_OK, _REDIRECTS, _LIMITED, _BROKEN = 200, 300, 429, 500
_CODE: Final = re.compile(r"[a-z][a-z_]{1,60}")
_LONGEST_ANSWER: Final = 10_000
_SENDABLE: Final = re.compile(r"[!-~]{1,1000}")
"""What a URL or a token is made of. The errors about other characters in a header would repeat it."""

_PASSING: Final = {
    "fatal_error",
    "internal_error",
    "ratelimited",
    "rate_limited",
    "request_timeout",
    "rollup_error",
    "service_unavailable",
    "team_added_to_org",
}
_CREDENTIALS: Final = {
    "account_inactive",
    "invalid_auth",
    "invalid_token",
    "no_active_hooks",
    "no_service",
    "no_team",
    "not_authed",
    "token_expired",
    "token_revoked",
}
_ADVICE: Final[Mapping[str, str]] = {
    **dict.fromkeys(_CREDENTIALS, "put a new webhook or token into the secret"),
    "channel_not_found": "check the channel's name, and invite the bot to it",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "name another channel",
    "channel_is_archived": "name another channel",
    "missing_scope": "give the bot the scope chat:write",
    "action_prohibited": "an administrator of the workspace forbids it",
    "restricted_action": "an administrator of the workspace forbids it",
}


class SlackError(NotifyError):
    """A message was not posted, or it is not known whether it was. ``str(error)`` is one sentence without any secret."""

    def __init__(self, message: str, *, permanent: bool, credential: bool = False) -> None:
        """``permanent``: the same again would fail the same. ``credential``: another URL or token might not."""
        super().__init__(message)
        self.permanent = permanent
        self.credential = credential


@dataclass(frozen=True, slots=True)
class Webhook:
    """An incoming webhook, which has a channel of its own."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot's token, and the channel (``#data``, ``C012AB3CD``) or user (``U012AB3CD``) to post to."""

    token: str = field(repr=False)
    channel: str


class Pool(Protocol):
    """What is used of urllib3's pool manager."""

    def request(self, method: str, url: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """One request."""
        ...


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back: ``code`` is Slack's word for what is wrong, empty where there was none."""

    status: int
    code: str
    posted: bool
    wait: float


class SlackPoster:
    """Posts messages. ``sleep`` is given seconds, ``clock`` gives them, as of :func:`time.monotonic`."""

    def __init__(
        self,
        *,
        api: str = DEFAULT_API,
        pool: Pool | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``api`` is the base of the Web API's methods. It alone may be plain HTTP, and then a webhook of its host too."""
        self._api = api if api.endswith("/") else f"{api}/"
        self._pool = pool or urllib3.PoolManager(maxsize=2, retries=False)
        self._sleep = sleep
        self._clock = clock

    def post(self, message: Mapping[str, Any], to: Webhook | Bot, *, until: float) -> None:
        """Post ``message``, trying again what may pass as long as ``clock`` is before ``until``.

        A message may be posted twice: a connection that breaks after the request says nothing of what became of it.

        Raises:
            SlackError: it was refused, or there was no more time or patience.
        """
        url, headers, body = self._request(message, to)
        failures = waits = 0
        while True:
            error, pause = self._attempt(url, headers, body, until)
            if error is None:
                return
            if error.permanent:
                raise error
            if pause is None:
                failures += 1
                pause = _FIRST_PAUSE * 2 ** (failures - 1)
            else:
                waits += 1
            if failures >= ATTEMPTS or waits >= MOST_WAITS or self._clock() + pause >= until:
                raise error
            self._sleep(pause)

    def _request(self, message: Mapping[str, Any], to: Webhook | Bot) -> tuple[str, dict[str, str], bytes]:
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "session-reaper"}
        payload = {**message, "unfurl_links": False, "unfurl_media": False}
        if isinstance(to, Webhook):
            url = to.url
        else:
            url = f"{self._api}chat.postMessage"
            if not _SENDABLE.fullmatch(to.token):
                raise SlackError("nothing was posted: the token in the secret is none", permanent=True, credential=True)
            headers["Authorization"] = f"Bearer {to.token}"
            payload |= {"channel": to.channel, "link_names": False}
        if not self._allowed(url):
            raise SlackError(
                "nothing was posted: the address in the secret is no https URL", permanent=True, credential=True
            )
        return url, headers, encode(payload)

    def _allowed(self, url: str) -> bool:
        try:
            asked, base = urlsplit(url), urlsplit(self._api)
        except ValueError:
            return False
        if not _SENDABLE.fullmatch(url) or not asked.hostname or asked.username is not None:
            return False
        return asked.scheme == "https" or (asked.scheme == base.scheme == "http" and asked.netloc == base.netloc)

    def _attempt(
        self, url: str, headers: dict[str, str], body: bytes, until: float
    ) -> tuple[SlackError | None, float | None]:
        """What went wrong with one request, if anything, and for how long Slack asks to be left alone."""
        left = until - self._clock()
        if left <= 0:
            return SlackError("Slack was not reached in the time there was", permanent=False), None
        timeout = urllib3.Timeout(connect=min(_CONNECT, left), read=min(_READ, left))
        try:
            response = self._pool.request(
                "POST", url, body=body, headers=headers, timeout=timeout, retries=False, redirect=False
            )
            answer = _read(response)
        except urllib3.exceptions.LocationValueError:
            return SlackError("nothing was posted: the address in the secret is no URL", permanent=True), None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # The text of urllib3's errors holds the URL, which is the secret.
            return SlackError(f"Slack gave no answer ({type(error).__name__})", permanent=False), None
        return _judge(answer)


def _judge(answer: _Answer) -> tuple[SlackError | None, float | None]:
    if answer.posted:
        return None, None
    said = answer.code or f"HTTP {answer.status}"
    if answer.status == _LIMITED or answer.code in {"ratelimited", "rate_limited"}:
        why = f"Slack limits how much is posted, and asks to wait {answer.wait:.0f} s, for which there is no time"
        return SlackError(why, permanent=False), answer.wait
    if answer.status >= _BROKEN or answer.code in _PASSING:
        return SlackError(f"Slack failed on its side ({said})", permanent=False), None
    if answer.status == _OK and not answer.code:
        why = "the answer is not Slack's: look at what is between here and Slack, such as a proxy"
        return SlackError(why, permanent=False), None
    if _REDIRECTS <= answer.status < 400:  # noqa: PLR2004 - HTTP
        return SlackError(
            f"Slack's address answers with a redirect ({said}), which is not followed", permanent=True
        ), None
    advice = _ADVICE.get(answer.code, "look the word up in Slack's reference")
    return SlackError(
        f"Slack refuses the message ({said}): {advice}",
        permanent=True,
        credential=answer.code in _CREDENTIALS or answer.status in {401, 403},
    ), None


def _read(response: urllib3.BaseHTTPResponse) -> _Answer:
    """Both kinds of answer: a webhook's is a word (``ok``, ``no_service``), the Web API's a JSON object with ``ok``."""
    content = response.data[:_LONGEST_ANSWER].decode("utf-8", "replace").strip()
    posted, code = content == "ok", content
    if content.startswith("{"):
        try:
            # Both ways of `json.loads` to fail are ValueErrors, nesting apart.
            said = cast("dict[str, object]", json.loads(response.data))
            posted, code = said.get("ok") is True, str(said.get("error", ""))
        except (ValueError, RecursionError):
            posted, code = False, ""
    return _Answer(
        status=response.status,
        code=code if not posted and _CODE.fullmatch(code) else "",
        posted=posted and response.status == _OK,
        wait=_wait(response.headers.get("Retry-After")),
    )


def _wait(header: str | None) -> float:
    """Seconds of a ``Retry-After``; Slack sends whole ones, and one more keeps off the edge."""
    return float(header) + 1 if header and re.fullmatch(r"[0-9]{1,6}", header) else _UNSAID_PAUSE
