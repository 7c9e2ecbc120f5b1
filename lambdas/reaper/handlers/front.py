"""What every request to the function behind the links is answered with: the routes, the refusals, and what is recorded of them.

``GET /s/{token}`` shows a session and changes nothing, because mail scanners follow links; ``POST /s/{token}`` answers for it.
``GET /r/{token}`` shows a kept page. ``POST /slack`` takes clicks on buttons in Slack.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

from reaper.core.links import BadLink, Key, Link, Purpose, Reason
from reaper.core.names import NotANameError, session_of
from reaper.core.session import SessionRef
from reaper.core.snooze import Offer, Refused
from reaper.handlers.answering import Answer, Given, UnsureError, Wish, give
from reaper.handlers.keyring import Keep, check
from reaper.handlers.secret import SecretError
from reaper.handlers.web import REPORT_POLICY, BadRequest, Reply, Request, problem_reply, read_form
from reaper.notifiers.events import EventPublisher
from reaper.pages.answers import Done, Visit, session_page
from reaper.pages.problems import Problem
from reaper.sweep.answer import Unknown, look_up
from reaper.sweep.ports import Ledger, LedgerError
from reaper.wire.codec import builtins_of
from reaper.wire.common import Ref

RETRY_AFTER: Final = "30"
"""Seconds after which what could not be reached may be asked for again."""

_PROBLEMS: Final = {
    Reason.MALFORMED: Problem.MALFORMED,
    Reason.FORGED: Problem.FORGED,
    Reason.EXPIRED: Problem.EXPIRED,
    Reason.UNKNOWN_KEY: Problem.UNKNOWN_KEY,
}
_TIMES: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_PAGE: Final = re.compile(r"pages/(?:[A-Za-z0-9_=-][A-Za-z0-9._=-]*/)*[A-Za-z0-9_=-][A-Za-z0-9._=-]*\.html", re.ASCII)
"""The objects that may be shown: nothing else in the bucket, and no way up."""


class PageError(Exception):
    """A kept page could not be read. ``str(error)`` is one sentence."""


class Journal(Protocol):
    """Where answers and refusals are recorded."""

    def answered(self, wish: Wish, given: Given) -> None:
        """An answer was taken."""
        ...

    def refused(self, why: str, **about: Any) -> None:
        """A link or an answer was not taken; counted."""
        ...

    def failed(self, why: str) -> None:
        """Something here did not work."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What answering rests on; each is made when it is first needed."""

    keyring: Keep[tuple[Key, ...]]
    ledger: Callable[[], Ledger]
    publisher: Callable[[], EventPublisher | None]
    page: Callable[[str], str | None]
    """The kept page of that name, ``None`` if there is none (any more); raises :class:`PageError`."""
    journal: Journal
    clock: Callable[[], float]
    slack: Callable[[Request], Reply]


def route(request: Request, needs: Needs) -> Reply:
    """The answer to ``request``; raises only what nobody foresaw."""
    match request.path.split("/"):
        case ["", "s", token] if token:
            return _allowed(request, "GET, HEAD, POST") or _about_link(token, Purpose.SESSION, request, needs)
        case ["", "r", token] if token:
            return _allowed(request, "GET, HEAD") or _about_link(token, Purpose.PAGE, request, needs)
        case ["", "slack"]:
            return _allowed(request, "POST") or needs.slack(request)
        case _:
            return problem_reply(Problem.NOT_FOUND)


def session_in(link: Link) -> SessionRef:
    """The session a link is about; raises :class:`BadLink` where it names none."""
    try:
        return session_of(link.name)
    except NotANameError:
        raise BadLink(Reason.MALFORMED) from None


def _allowed(request: Request, methods: str) -> Reply | None:
    return None if request.method in methods.split(", ") else problem_reply(Problem.METHOD, allow=methods)


def _about_link(token: str, purpose: Purpose, request: Request, needs: Needs) -> Reply:
    try:
        link = check(token, needs.keyring, needs.clock(), purpose)
        if purpose is Purpose.PAGE:
            return _kept_page(link, needs)
        ref = session_in(link)
        if request.method == "POST":
            return _answered(token, link, ref, request, needs)
        return _shown(token, link, ref, needs, done=_done(request))
    except BadLink as bad:
        needs.journal.refused(bad.reason.value, method=request.method)
        return problem_reply(_PROBLEMS[bad.reason])
    except BadRequest as bad:
        needs.journal.refused(bad.problem.name.lower(), method=request.method)
        return problem_reply(bad.problem)
    except Unknown as unknown:
        needs.journal.refused("unknown session", session=builtins_of(Ref.of(unknown.ref)))
        return problem_reply(Problem.UNKNOWN_SESSION)
    except UnsureError as error:
        needs.journal.failed(str(error))
        return problem_reply(Problem.UNSURE, retry_after=RETRY_AFTER)
    except (LedgerError, SecretError, PageError) as error:
        needs.journal.failed(str(error))
        return problem_reply(Problem.UNAVAILABLE, retry_after=RETRY_AFTER)


def _shown(  # noqa: PLR0913 - which session, to whom, and what to say first
    token: str, link: Link, ref: SessionRef, needs: Needs, *, done: Done | None = None, refused: str = ""
) -> Reply:
    memory = look_up(needs.ledger(), ref)
    visit = Visit(now=needs.clock(), to=link.to, expires=link.expires, action=f"./{token}", done=done, refused=refused)
    return Reply(status=409 if refused else 200, body=session_page(memory, visit))


def _answered(token: str, link: Link, ref: SessionRef, request: Request, needs: Needs) -> Reply:
    """Take the answer in the form, then have the browser get the page anew: reloading that repeats nothing."""
    fields = read_form(request)
    answer, seen = fields.get("answer", ""), fields.get("seen", "")
    if answer not in {one.value for one in Answer} or not _TIMES.fullmatch(seen):
        raise BadRequest(Problem.GARBLED)
    by = f"{link.to or 'somebody'}, by the link"
    wish = Wish(ref=ref, answer=Answer(answer), by=by, now=needs.clock(), offer=Offer(snoozes=int(seen)))
    try:
        given = give(wish, needs.ledger(), needs.publisher)
    except Refused as refused:
        needs.journal.refused(refused.reason.value, **about(wish))
        return _shown(token, link, ref, needs, refused=str(refused))
    needs.journal.answered(wish, given)
    return Reply(status=303, headers={"location": f"./{token}?done={given.done.value}"})


def about(wish: Wish) -> dict[str, Any]:
    """Who wished what for which session, for the record."""
    return {"session": builtins_of(Ref.of(wish.ref)), "answer": wish.answer.value, "by": wish.by}


def _done(request: Request) -> Done | None:
    """What the page is to say first. Anybody can write that into a link: the page says it only if the ledger bears it out."""
    try:
        values = parse_qs(request.query, max_num_fields=10).get("done", [])
        return Done(values[0]) if values else None
    except ValueError:
        return None


def _kept_page(link: Link, needs: Needs) -> Reply:
    if not _PAGE.fullmatch(link.name):
        raise BadLink(Reason.MALFORMED)
    found = needs.page(link.name)
    if found is None:
        return problem_reply(Problem.NO_PAGE)
    return Reply(body=found, headers={"content-security-policy": REPORT_POLICY})
