"""Pages that say why there is nothing to show or nothing was done, each with its HTTP status and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from reaper.pages.layout import document, element

_ASK: Final = "Nothing was changed."
_ANEW: Final = "If the session is still unused, the next message about it brings a link that works."


@dataclass(frozen=True, slots=True)
class _Told:
    status: int
    heading: str
    paragraphs: tuple[str, ...]


class Problem(Enum):
    """Why there is no page about a session, nor an answer for it."""

    MALFORMED = _Told(
        403,
        "This link is incomplete",
        (
            "Mail programs sometimes cut long links in two. Copy the whole link from the message into the address bar.",
            _ASK,
        ),
    )
    FORGED = _Told(
        403,
        "This link is not valid",
        (
            "It was altered on its way, or it was not made by this Session Reaper. Use the link as it is in the message.",
            _ASK,
        ),
    )
    UNKNOWN_KEY = _Told(
        403,
        "This link is no longer valid",
        ("What it was signed with is not in use here, or not any more.", f"{_ASK} {_ANEW}"),
    )
    EXPIRED = _Told(
        410,
        "This link has expired",
        ("Links work for a limited time, so that an old message cannot be used to decide anything.", f"{_ASK} {_ANEW}"),
    )
    UNKNOWN_SESSION = _Told(
        404,
        "Nothing is known of this session",
        (
            "A session is remembered for 90 days after a policy last wanted it stopped. This one is not among them.",
            _ASK,
        ),
    )
    NO_PAGE = _Told(
        404,
        "This page is not there any more",
        ("Weekly pages are kept for a limited time. The latest message has a link to the latest page.",),
    )
    NOT_FOUND = _Told(
        404, "There is nothing here", ("Use the link from a message of Session Reaper, all of it, as it is.",)
    )
    METHOD = _Told(405, "This cannot be asked for that way", ("Open the link in a browser.", _ASK))
    GARBLED = _Told(
        400, "That answer could not be read", ("Open the link from the message again and use its buttons.", _ASK)
    )
    TOO_LARGE = _Told(
        413, "That answer is too large", ("Open the link from the message again and use its buttons.", _ASK)
    )
    UNAVAILABLE = _Told(
        503,
        "Session Reaper cannot look this up right now",
        (
            "What it remembers could not be reached, so nothing was changed, and nothing is stopped because of that.",
            "Try again in a minute.",
        ),
    )
    UNSURE = _Told(
        503,
        "Your answer may not have been recorded",
        (
            "What Session Reaper remembers could not be reached while your answer was written.",
            "Open the link from the message again to see whether it was. Answering twice does no harm.",
        ),
    )
    FAILED = _Told(
        500,
        "Something went wrong",
        ("The fault is on our side, and was recorded. Open the link again to see whether an answer was taken.",),
    )

    @property
    def status(self) -> int:
        """The HTTP status it is told with."""
        return self.value.status

    @property
    def heading(self) -> str:
        """It, in a few words."""
        return self.value.heading


def problem_page(problem: Problem) -> str:
    """The page that says so. It holds nothing of what was asked for."""
    told = problem.value
    paragraphs = [element("p", {"class": "lede"} if n == 0 else None, text) for n, text in enumerate(told.paragraphs)]
    return document(
        f"{told.heading} · Session Reaper",
        [element("section", {"class": "card"}, element("h1", None, told.heading), *paragraphs)],
    )
