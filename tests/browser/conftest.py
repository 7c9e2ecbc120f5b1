"""One browser for each module of tests, and the pages behind links served to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support import browser as support
from tests.support.answers_server import AnswersServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for the whole session: the driver's event loop would be in the way of tests that run one of their own.
    with support.browser() as started:
        yield started


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnswersServer]:
    with AnswersServer(monkeypatch) as server:
        yield server
