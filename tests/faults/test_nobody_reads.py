"""The deployed handler where nobody has confirmed a subscription, or nobody can say."""

from __future__ import annotations

import pytest

POLICIES = {"version": 1, "policies": [{"name": "idle", "when": {"idle_for": ">= 1h"}, "then": "stop"}]}
EMPTY = {"accounts": {}}


@pytest.mark.parametrize(("subscribers", "counted", "said"), [(0, 1.0, True), (1, 0.0, False)])
def test_a_sweep_that_nobody_reads_says_so_and_is_alarmed(deployed, subscribers, counted, said):
    deployed.reset(POLICIES, EMPTY)
    deployed.backing.subscribers = subscribers

    done = deployed.invoke()

    assert done.metrics["NoSubscriber"] == counted
    assert any("nobody is subscribed to the topic of the reports" in note for note in done.notes) is said


def test_a_sweep_that_cannot_see_whether_anybody_reads_it_says_that_and_goes_on(deployed):
    deployed.reset(POLICIES, EMPTY)
    deployed.backing.faults.add("denied", "sns", "GetTopicAttributes")

    done = deployed.invoke()

    assert done.error is None
    assert done.metrics["NoSubscriber"] == 0
    assert [note for note in done.notes if "it is not known whether anybody is subscribed" in note]
