from __future__ import annotations

import pytest

from infra.alarms import missed_run_window
from infra.cadence import Cadence, ScheduleError, read_schedule

HOUR = 3600
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("expression", "gap"),
    [
        ("rate(1 minute)", 60),
        ("rate(15 minutes)", 15 * 60),
        ("rate(1 hour)", HOUR),
        ("rate(2 days)", 2 * DAY),
        ("cron(0 * * * ? *)", HOUR),
        ("cron(0/15 * * * ? *)", 15 * 60),
        ("cron(0/20 * * * ? *)", 20 * 60),
        ("cron(30 6 * * ? *)", DAY),
        ("cron(0,30 * ? * * *)", 30 * 60),
        ("cron(0 8-18 ? * MON-FRI *)", 62 * HOUR),  # Friday 18:00 to Monday 08:00
        ("cron(0 8-18 ? * 2-6 *)", 62 * HOUR),
        ("cron(0 22-2 ? * * *)", 20 * HOUR),  # 02:00 to 22:00
        ("cron(0 0 1,6,11,16,21,26 * ? *)", 6 * DAY),  # the 26th to the 1st after a month of 31 days
        ("cron(0 12 ? * SUN,wed *)", 4 * DAY),
    ],
)
def test_a_schedule_knows_its_longest_gap(expression, gap):
    assert read_schedule(expression) == Cadence(expression, gap)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("hourly", "is not a schedule: write rate(15 minutes)"),
        ("rate(1.5 hours)", "is not a schedule"),
        ("rate(0 minutes)", "never runs"),
        ("rate(1 minutes)", "write rate(1 minute)"),
        ("rate(5 minute)", "write rate(5 minutes)"),
        ("rate(7 days)", "more than six days between two runs"),
        ("cron(0 * * * *)", "has 5 fields: write six"),
        ("cron(0 * * * * *)", "needs a ?"),
        ("cron(0 * ? * ? *)", "needs a ?"),
        ("cron(0 8 ? * MON *)", "more than six days between two runs"),
        ("cron(0 8 1 * ? *)", "more than six days between two runs"),
        ("cron(0 8 * 1-6 ? *)", "more than six days between two runs"),
        ("cron(0 8 30 2 ? *)", "never runs"),
        ("cron(60 8 * * ? *)", "the minute '60'"),
        ("cron(0 8 ? * MUN *)", "the day-of-week 'MUN'"),
        ("cron(0/0 8 * * ? *)", "the minute '0/0'"),
        ("cron(0 8 * * ? 2030)", "ends with the year 2030"),
    ],
)
def test_what_is_no_schedule_is_refused_with_a_sentence(expression, sentence):
    with pytest.raises(ScheduleError) as caught:
        read_schedule(expression)

    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("gap", "timeout_minutes", "period", "periods"),
    [
        (HOUR, 10, 4500, 1),
        (DAY - 1200, 15, DAY, 1),
        (DAY, 10, HOUR, 25),
        (6 * DAY, 15, HOUR, 145),
    ],
)
def test_a_missed_run_is_looked_for_over_the_longest_gap_and_no_longer_than_cloudwatch_can(
    gap, timeout_minutes, period, periods
):
    assert missed_run_window(Cadence("", gap), timeout_minutes) == (period, periods)


def test_what_no_alarm_watches_may_run_as_rarely_as_it_likes():
    assert read_schedule("cron(0 7 ? * MON *)", watched=False) == Cadence("cron(0 7 ? * MON *)", 7 * DAY)
    with pytest.raises(ScheduleError, match="never runs"):
        read_schedule("cron(0 8 30 2 ? *)", watched=False)
