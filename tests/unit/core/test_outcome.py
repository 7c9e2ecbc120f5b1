"""The table of outcomes, as its readers rely on it."""

from __future__ import annotations

import pytest

from reaper.core.judge import KEEP
from reaper.core.outcome import Outcome, costs, is_answerable, is_live
from reaper.core.plan import Finding
from reaper.core.report import Mode, Report
from reaper.core.tally import savings_of
from reaper.core.vocabulary import Lens
from tests.support.archived import past
from tests.support.reports import as_json
from tests.support.sessions import HOUR, NOW, session

TABLE = {
    # outcome: (costs, answerable, live, ended, severity, exit code, event)
    "failed": (True, False, True, False, "error", 2, "Session Flagged"),
    "not_stopping": (True, False, True, False, "error", 2, "Session Not Stopping"),
    "stopped": (True, False, False, False, "notice", 3, "Session Stopped"),
    "unread": (True, False, True, False, "warning", 2, "Session Flagged"),
    "withheld": (True, True, True, False, "warning", 2, "Session Flagged"),
    "would_stop": (True, True, True, False, "notice", 3, "Session Flagged"),
    "warned": (True, True, True, False, "notice", 3, "Session Warned"),
    "spared": (False, False, True, False, "notice", 0, None),
    "undetermined": (False, False, True, False, "notice", 0, None),
    "reported": (True, False, True, False, "notice", 3, "Session Flagged"),
    "confirmed": (False, False, False, True, "info", 0, "Session Confirmed"),
    "already_gone": (False, False, False, True, "notice", 0, None),
    "protected": (False, False, True, False, "info", 0, None),
    "snoozed": (True, True, True, False, "info", 0, "Session Snoozed"),
}


def test_the_table_says_of_each_outcome_what_was_promised():
    assert {
        one.value: (
            costs(one),
            is_answerable(one),
            is_live(one),
            one.row.ended,
            one.row.severity.value,
            one.row.exit_code,
            one.row.event,
        )
        for one in Outcome
    } == TABLE


def test_an_outcome_of_a_newer_release_costs_nothing_and_is_nobodys_to_answer():
    assert Outcome.read("teleported") is None
    assert Outcome.read(None) is None
    assert not costs("teleported")
    assert not is_answerable("teleported")
    assert not is_live("teleported")


@pytest.mark.parametrize("outcome", Outcome)
def test_the_report_and_the_money_page_count_the_idleness_of_the_same_outcomes(outcome: Outcome):
    found = Finding(session(idle=HOUR, price_key="glue_dpu_hour", billed_units=10.0), KEEP, outcome, "")
    report = Report(
        run_id="r",
        mode=Mode.REPORT,
        started_at=NOW,
        finished_at=NOW,
        seen=1,
        live=1,
        findings=(found,),
        blind=(),
        api_calls={},
    )
    document = as_json(report, Lens(), NOW)

    assert document["idle_cost"] == (4.4 if costs(outcome) else 0)
    assert savings_of(past(document), NOW - 2 * HOUR, NOW).idle_cost == pytest.approx(document["idle_cost"])
