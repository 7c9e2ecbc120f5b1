"""Glue, beyond what is expected of every provider."""

from __future__ import annotations

import pytest

from reaper.core.facts import Undecidable, Unread
from reaper.core.session import Phase
from tests.support.services import GLUE, NOW_SECONDS, Cloud, observed, walk

pytestmark = pytest.mark.parametrize("service", [GLUE], indirect=True, ids=["glue"])


def test_reads_every_page_of_statements(cloud: Cloud):
    statements = [{"started": "-8h", "completed": "-7h"}] * 250
    provider, session = cloud.only("a", "idle", statements=[*statements, {"started": "-2h", "completed": "-1h"}])

    facts = observed(provider, session).facts

    assert facts.idle_since == NOW_SECONDS - 3600
    assert cloud.sent("ListStatements") == 3


def test_a_page_of_statements_that_fails_leaves_use_undecidable(cloud: Cloud):
    provider, session = cloud.only("a", "idle", statements=[{"completed": "-7h"}] * 250)
    cloud.faults.add("denied", "glue", "ListStatements", skip=2)

    facts = observed(provider, session).facts

    why = "glue:ListStatements on session a was denied in us-east-1: grant it to the caller"
    doubt = Unread(why, "glue:ListStatements", "denied")
    assert (facts.phase, facts.idle_since) == (doubt, doubt)


def test_an_open_statement_settles_it_without_reading_on(cloud: Cloud):
    statements = [{"state": "RUNNING", "started": "-1h"}, *[{"completed": "-7h"}] * 250]
    provider, session = cloud.only("a", "idle", statements=statements)

    assert observed(provider, session).facts.phase is Phase.BUSY
    assert cloud.sent("ListStatements") == 1


def test_a_session_that_ran_nothing_is_idle_since_it_was_created(cloud: Cloud):
    provider, session = cloud.only("a", "idle", statements=[])

    facts = observed(provider, session).facts

    assert (facts.phase, facts.idle_since) == (Phase.IDLE, NOW_SECONDS - 9 * 3600)


@pytest.mark.parametrize("unit", ["s", "ms"])
def test_reads_statement_times_in_either_unit(cloud: Cloud, unit: str):
    provider, session = cloud.only("a", "idle", statements=[{"started": "-8h", "completed": "-7h", "unit": unit}])

    assert observed(provider, session).facts.idle_since == NOW_SECONDS - 7 * 3600


def test_the_statements_of_a_spark_connect_session_are_not_even_asked_for(cloud: Cloud):
    provider, session = cloud.only("a", "idle", session_type="SPARK_CONNECT")

    facts = observed(provider, session).facts

    assert isinstance(facts.phase, Undecidable)
    assert cloud.sent("ListStatements") == 0


def test_tags_are_the_sessions_own_and_none_is_known_to_be_none(cloud: Cloud):
    cloud.seed(GLUE.row("tagged", "idle"), GLUE.row("bare", "idle") | {"tags": {}})
    provider = cloud.provider()

    tags = {session.ref.id: observed(provider, session).facts.tags for session in walk(provider)[0]}

    assert tags == {"tagged": {"of": "session"}, "bare": {}}
