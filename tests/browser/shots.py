"""Takes pictures of every page, into `build/shots`: `make shots`. For people to look at; tests judge what can be judged."""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from reaper.handlers import answers
from tests.browser.test_money_look import PAGES as MONEY
from tests.support import browser
from tests.support.answerable import SESSIONS
from tests.support.answers_server import PROBLEMS, AnswersServer

ROOT: Final = Path(__file__).resolve().parents[2]
SHOTS: Final = ROOT / "build" / "shots"
DESK: Final = {"width": 1000, "height": 800}
PHONE: Final = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True}
WAYS: Final[dict[str, dict[str, Any]]] = {
    "light": {"color_scheme": "light", "viewport": DESK},
    "dark": {"color_scheme": "dark", "viewport": DESK},
    "phone": {"color_scheme": "light", **PHONE},
    "phone-dark": {"color_scheme": "dark", **PHONE},
    "forced": {"forced_colors": "active", "color_scheme": "dark", "viewport": DESK},
}
ANSWERS: Final = {
    "after-keep": ("warned", "Keep for 4 hours"),
    "after-stop": ("warned", "Stop it now"),
    "after-unsnooze": ("snoozed", "End the snooze now"),
}


def main() -> None:
    shutil.rmtree(SHOTS, ignore_errors=True)
    SHOTS.mkdir(parents=True)
    answers.logger.setLevel("CRITICAL")
    with contextlib.redirect_stdout(io.StringIO()), pytest.MonkeyPatch.context() as patch:
        for way, options in WAYS.items():
            # A browser for each: pictures of long pages use up what one may have of memory.
            with browser.browser() as chromium, AnswersServer(patch) as site:
                _answers(chromium, site, way, options)
                _money(chromium, way, options)
    sys.stdout.write(f"{len(list(SHOTS.iterdir()))} pictures in {SHOTS}\n")


def _answers(chromium: browser.Browser, site: AnswersServer, way: str, options: dict[str, Any]) -> None:
    with browser.opened(chromium, **options) as (page, _):
        for name in [*SESSIONS, *PROBLEMS]:
            page.goto(site.link(name))
            _picture(page, f"answers-{name}", way)
        for name, (session, button) in ANSWERS.items():
            site.reset()
            page.goto(site.link(session))
            page.get_by_role("button", name=button).click()
            page.get_by_role("status").wait_for()
            _picture(page, f"answers-{name}", way)


def _money(chromium: browser.Browser, way: str, options: dict[str, Any]) -> None:
    with browser.opened(chromium, **options) as (page, _):
        for name in ("eight weeks", "one day", "nothing", "hostile"):
            page.set_content(MONEY[name])
            _picture(page, f"money-{name.replace(' ', '-')}", way)


def _picture(page: browser.Page, name: str, way: str) -> None:
    page.screenshot(path=SHOTS / f"{name}-{way}.png", full_page=True)
    if way == "light":
        page.emulate_media(media="print")
        page.screenshot(path=SHOTS / f"{name}-print.png", full_page=True)
        page.pdf(
            path=SHOTS / f"{name}.pdf",
            format="A4",
            margin={"top": "18mm", "bottom": "18mm", "left": "18mm", "right": "18mm"},
        )
        page.emulate_media(media="screen")


if __name__ == "__main__":
    main()
