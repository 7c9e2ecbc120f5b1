"""Clicks on the buttons that messages in Slack carry: verified, done, and answered to whoever clicked.

Signatures: https://docs.slack.dev/authentication/verifying-requests-from-slack
Payloads: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

import urllib3

from reaper.core.links import BadLink, Purpose, Reason
from reaper.core.snooze import Offer, Refused, left
from reaper.handlers.answering import Answer, Given, UnsureError, Wish, give
from reaper.handlers.front import Needs, about, session_in
from reaper.handlers.keyring import Keep, check
from reaper.handlers.secret import SecretError
from reaper.handlers.web import LARGEST_BODY, BadRequest, Reply, Request, read_form, text_reply
from reaper.notifiers.plain import shown
from reaper.pages.answers import Done
from reaper.pages.layout import spoken
from reaper.pages.problems import Problem
from reaper.sweep.answer import Unknown
from reaper.sweep.ports import LedgerError

AGE_SECONDS: Final = 300
"""A request signed longer ago than this, or to be so, is a replay (Slack's own advice)."""
ANSWER_PREFIX: Final = "answer:"
SLACK_HOST: Final = "hooks.slack.com"

_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_CLICKED: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?", re.ASCII)
_SIGNATURE: Final = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)
_NAME: Final = 80
_WAIT: Final = urllib3.Timeout(connect=1.0, read=1.0)
"""Slack waits three seconds for everything."""
_BROKEN: Final = {
    Reason.EXPIRED: "The buttons of this message have expired. Nothing was changed; the next message has new ones.",
    Reason.UNKNOWN_KEY: "The buttons of this message are no longer valid. Nothing was changed.",
}
_INVALID: Final = "This button is not valid. Nothing was changed."
_UNREACHABLE: Final = "What Session Reaper remembers could not be reached. Nothing was changed: try again in a minute."
_UNSURE: Final = "Your answer may not have been recorded. Open the link of the message to see whether it was."


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons:
    """Answers clicks. ``post`` is given a URL of Slack's and what to say there; it raises when that does not work."""

    signing: Keep[str]
    """Slack's signing secret; empty: every click is refused."""
    post: Callable[[str, Mapping[str, Any]], None]
    api: str = ""
    """Another base URL of Slack's, for tests and proxies: its host may be answered at besides Slack's own."""

    def take(self, request: Request, needs: Needs) -> Reply:
        """Do what the click says. 200 once it is understood, whatever came of it: the person is told in Slack."""
        try:
            if not self._is_slack(request, needs.clock()):
                needs.journal.refused("not signed by Slack")
                return text_reply(401, "not signed by Slack")
        except SecretError as error:
            needs.journal.failed(str(error))
            return text_reply(503, "try again")
        try:
            click = _read(request)
        except BadRequest as bad:
            needs.journal.refused(bad.problem.name.lower())
            return text_reply(bad.problem.status, bad.problem.heading)
        if click is not None:
            words = _answered(click, needs)
            self._say(click, words, needs)
        return text_reply(200)

    def _is_slack(self, request: Request, now: float) -> bool:
        sent = request.headers.get("x-slack-request-timestamp", "")
        given = request.headers.get("x-slack-signature", "")
        if not _TIMESTAMP.fullmatch(sent) or not _SIGNATURE.fullmatch(given) or abs(now - int(sent)) > AGE_SECONDS:
            return False
        base = b"v0:" + sent.encode() + b":" + request.body
        # Once more with the secret read anew: it may have been changed since.
        return any(_signed(base, read(), given) for read in (self.signing.get, self.signing.again))

    def _say(self, click: _Click, words: str, needs: Needs) -> None:
        if not self._may_say(click.response_url):
            needs.journal.failed("Slack named no address of its own to answer at")
            return
        try:
            self.post(click.response_url, {"response_type": "ephemeral", "replace_original": False, "text": words})
        except Exception as error:  # noqa: BLE001 - the answer stands; only the words did not arrive
            needs.journal.failed(f"Slack could not be told what came of a click: {type(error).__name__}")

    def _may_say(self, url: str) -> bool:
        try:
            asked, other = urlsplit(url), urlsplit(self.api)
            port = asked.port
        except ValueError:
            return False
        if asked.username or asked.password:
            return False
        if asked.scheme == "https" and asked.hostname == SLACK_HOST and port in {None, 443}:
            return True
        return bool(other.netloc) and (asked.scheme, asked.netloc) == (other.scheme, other.netloc)


def post(url: str, message: Mapping[str, Any]) -> None:
    """Post ``message`` to ``url``, once, following nothing; raises when it was not taken."""
    answer = urllib3.request("POST", url, json=message, timeout=_WAIT, retries=False, redirect=False)
    if answer.status >= 300:  # noqa: PLR2004 - HTTP's successes end here
        raise urllib3.exceptions.HTTPError(f"status {answer.status}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Click:
    answer: Answer
    token: str
    by: str
    response_url: str
    clicked: float | None


def _signed(base: bytes, secret: str, given: str) -> bool:
    if not secret:
        return False
    return hmac.compare_digest(f"v0={hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()}", given)


def _read(request: Request) -> _Click | None:
    """The click on a button of ours; ``None`` for anything else that happens in Slack, such as a click on a link."""
    payload = _payload(request)
    if payload.get("type") != "block_actions":
        return None
    actions = payload.get("actions")
    for each in cast("list[object]", actions) if isinstance(actions, list) else []:
        action = _object(each)
        name = _text(action, "action_id")
        if not name.startswith(ANSWER_PREFIX):
            continue
        wanted = name.removeprefix(ANSWER_PREFIX)
        if wanted not in {one.value for one in Answer}:
            raise BadRequest(Problem.GARBLED)
        at = _text(action, "action_ts")
        return _Click(
            answer=Answer(wanted),
            token=_text(action, "value"),
            by=f"slack:{_person(_object(payload.get('user')))}",
            response_url=_text(payload, "response_url"),
            clicked=float(at) if _CLICKED.fullmatch(at) else None,
        )
    return None


def _payload(request: Request) -> Mapping[str, object]:
    try:
        found: object = json.loads(read_form(request, LARGEST_BODY).get("payload", ""))
    except (ValueError, RecursionError):
        raise BadRequest(Problem.GARBLED) from None
    if not isinstance(found, dict):
        raise BadRequest(Problem.GARBLED)
    return cast("dict[str, object]", found)


def _person(user: Mapping[str, object]) -> str:
    name = _text(user, "username") or _text(user, "name") or _text(user, "id") or "somebody"
    return name[:_NAME]


def _answered(click: _Click, needs: Needs) -> str:
    """Do it; what to tell the person."""
    now = needs.clock()
    try:
        link = check(click.token, needs.keyring, now, Purpose.SESSION)
        wish = Wish(ref=session_in(link), answer=click.answer, by=click.by, now=now, offer=Offer(pressed=click.clicked))
    except BadLink as bad:
        needs.journal.refused(bad.reason.value, by=click.by, answer=click.answer.value)
        return _BROKEN.get(bad.reason, _INVALID)
    except SecretError as error:
        needs.journal.failed(str(error))
        return _UNREACHABLE
    try:
        given = give(wish, needs.ledger(), needs.publisher)
    except Refused as refused:
        needs.journal.refused(refused.reason.value, **about(wish))
        return str(refused)
    except Unknown as unknown:
        needs.journal.refused("unknown session", **about(wish))
        return str(unknown)
    except UnsureError as error:
        needs.journal.failed(str(error))
        return _UNSURE
    except LedgerError as error:
        needs.journal.failed(str(error))
        return _UNREACHABLE
    needs.journal.answered(wish, given)
    return _words(given)


def _words(given: Given) -> str:
    memory, card = given.memory, given.memory.card
    name = _escaped((card.name if card else "") or memory.ref.id)
    count = left(memory)
    again = f" It can be kept {count} more {'time' if count == 1 else 'times'}."
    if given.done is Done.KEPT and memory.snooze is not None:
        until = spoken(memory.snooze.until, card.timezone if card else "UTC")
        return f"{name} is kept until {until}.{again}"
    if given.done is Done.ENDED:
        return f"The snooze of {name} has ended: things take their course.{again}"
    when = "within a minute or two" if given.done is Done.STOP_SOON else "with the next scheduled sweep"
    return f"{name} will be stopped {when}, if it is still not in use."


def _escaped(name: str) -> str:
    """A stranger's words as Slack takes them for text: nobody is mentioned, and nothing linked."""
    return shown(name, _NAME).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _object(value: object) -> Mapping[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _text(found: Mapping[str, object], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
