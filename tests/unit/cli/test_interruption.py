"""Ctrl-C owns up to what was done before it."""

from __future__ import annotations

from reaper.cli.interruption import Interruption

STOPPED = "glue 1 us-east-1 nightly: stopped"


def test_an_interrupted_report_stopped_nothing():
    interruption = Interruption()
    interruption.watch(STOPPED)
    assert interruption.sentence() == "reaper: interrupted; nothing was stopped"


def test_an_interrupted_enforcement_names_the_stops_it_knows_of():
    interruption = Interruption()
    interruption.enforcing()
    assert "a stop may have been under way" in interruption.sentence()
    for line in ("glue 1 us-east-1: 3 sessions", "glue 1 us-east-1 busy: spared", STOPPED):
        interruption.watch(line)
    assert interruption.sentence() == "reaper: interrupted after 1 stop: glue 1 us-east-1 nightly"
