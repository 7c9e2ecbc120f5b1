"""The pages kept in a bucket: which of them a link opens, and what they may do."""

from __future__ import annotations

import pytest

from reaper.core.links import Link, Purpose, sign
from tests.support.answer_desk import KEY, Desk
from tests.support.ledgers import T0, ref


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_kept_page_is_shown_and_may_run_and_post_nothing(desk):
    desk.pages["pages/2026/week-09.html"] = "<!DOCTYPE html><title>The week</title>"
    token = sign(Link(Purpose.PAGE, "pages/2026/week-09.html", "ops@example.com", T0 + 9), KEY)

    reply = desk.ask("GET", f"/r/{token}")

    assert (reply.status, reply.body) == (200, "<!DOCTYPE html><title>The week</title>")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'none'" in policy
    assert "script-src" not in policy
    assert policy.endswith("sandbox")


@pytest.mark.parametrize(
    "name",
    ["reports/a.html", "pages/../secret.html", "pages/a.json", "/pages/a.html", "pages//a.html", "pages/.a.html", ""],
)
def test_no_other_object_is_ever_asked_for(desk, name):
    reply = desk.ask("GET", f"/r/{sign(Link(Purpose.PAGE, name, 'a', T0 + 9), KEY)}")

    assert reply.status == 403
    assert desk.asked_for == []


def test_a_page_that_is_gone_is_not_found(desk):
    assert desk.ask("GET", f"/r/{sign(Link(Purpose.PAGE, 'pages/a.html', 'a', T0 + 9), KEY)}").status == 404


def test_a_session_s_link_opens_no_page(desk):
    assert desk.ask("GET", f"/r/{desk.token(ref('nightly'))}").status == 403
    assert desk.asked_for == []
