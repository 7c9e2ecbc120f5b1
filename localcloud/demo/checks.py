"""Whether everything happened that the demo promises: each promise a sentence, and whether it was kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from localcloud.demo.stage import READER, Performance
from localcloud.demo.world import CHARACTERS, DENIED_WORKGROUP, LEFT_ALONE, Character

GONE: Final = {"STOPPING", "STOPPED", "TERMINATING", "TERMINATED", "UPDATE_IN_PROGRESS", "UPDATE_SUCCEEDED", "ENDED"}
"""States that a session of AWS is in once a stop was accepted."""


@dataclass(frozen=True, slots=True)
class Check:
    """One promise. ``wrong`` says what happened instead, empty when it was kept."""

    promise: str
    wrong: str = ""

    @property
    def kept(self) -> bool:
        """True when nothing is wrong."""
        return not self.wrong


def check(seen: Performance) -> list[Check]:
    """Every promise of the demo, in the order a reader asks for them."""
    promises = {
        "The schedule started the sweep, nobody invoked it": _nobody_invoked(seen),
        "Every session came out as it should, in the report that SNS delivered": _outcomes(seen),
        "What the report calls stopped is really stopped, and nothing else is": _really_stopped(seen),
        "The stops were made by the function's own role, with IAM enforced": _own_role(seen),
        "No work in progress was killed": [str(one) for one in seen.violations],
        "Everyone at work still is": _still_working(seen),
        "The session that woke up was looked at again, and spared": _spared(seen),
        "What could not be read is said to be unknown, not empty": _blind(seen),
        "A person was told by email, in words": _mail(seen),
    }
    return [Check(promise, "; ".join(wrong)) for promise, wrong in promises.items()]


def outcomes(seen: Performance) -> dict[tuple[str, str], str]:
    """What the report says became of each session, by service and id."""
    return {(one["ref"]["service"], one["ref"]["id"]): one["outcome"] for one in seen.delivered.report["findings"]}


def _expected(outcome: str) -> list[Character]:
    return [one for one in CHARACTERS if one.outcome == outcome]


def _nobody_invoked(seen: Performance) -> list[str]:
    return [f"{call} was called" for call in seen.calls if call.startswith("lambda:Invoke")]


def _outcomes(seen: Performance) -> Iterator[str]:
    told = outcomes(seen)
    known = {(one.service, one.id) for one in CHARACTERS}
    for one in CHARACTERS:
        became = told.get((one.service, one.id), LEFT_ALONE)
        if became != one.outcome:
            yield f"{one.id} should be {one.outcome} and is {became}"
    yield from (f"{identity} is {told[service, identity]}" for service, identity in told.keys() - known)


def _really_stopped(seen: Performance) -> Iterator[str]:
    wanted = {(one.service, one.id) for one in _expected("stopped")}
    stopped = {(stop["service"], stop["session"]) for stop in seen.stops}
    states = {(one["service"], one["id"]): one["state"] for one in seen.sessions}
    yield from (f"{identity} was not stopped" for _, identity in wanted - stopped)
    yield from (f"{identity} was stopped" for _, identity in stopped - wanted)
    yield from (f"{key[1]} is {states.get(key)}" for key in wanted if states.get(key) not in GONE)
    if "emr-serverless-spark:StopSessionCluster" in seen.calls:
        yield "EMR Serverless Spark was told to stop something"


def _own_role(seen: Performance) -> list[str]:
    return [
        f"{stop['session']} was stopped by {stop['principal']}"
        for stop in seen.stops
        if ":assumed-role/SessionReaper-" not in stop["principal"]
    ]


def _still_working(seen: Performance) -> Iterator[str]:
    now = {(one["service"], one["id"]): one for one in seen.sessions}
    for one in CHARACTERS:
        session = now.get((one.service, one.id))
        if one.outcome == "stopped" or one.service == "emr-serverless-spark":
            continue
        if session is None or session["state"] in GONE:
            yield f"{one.id} is gone"
        elif one.at_work and not session["open_work"]:
            yield f"{one.id} has no work any more"


def _spared(seen: Performance) -> Iterator[str]:
    spared = _expected("spared")
    found = [one for one in seen.delivered.report["findings"] if one["outcome"] == "spared"]
    if [one.id for one in spared] != [one["ref"]["id"] for one in found]:
        yield f"spared: {', '.join(one['ref']['id'] for one in found) or 'nobody'}"
    yield from (f"{one['ref']['id']} is spared without a reason" for one in found if not one["detail"])


def _blind(seen: Performance) -> Iterator[str]:
    blind = seen.delivered.report["blind"]
    if [one["scope"].get("workgroup") for one in blind] != [DENIED_WORKGROUP]:
        yield f"blind: {[one['scope'] for one in blind]}"


def _mail(seen: Performance) -> Iterator[str]:
    mail = seen.letter
    if mail is None:
        yield f"there is no mail with the report to {READER}"
        return
    if mail["to"] != READER:
        yield f"it went to {mail['to']}"
    told = [one.id for one in CHARACTERS if one.outcome != LEFT_ALONE] + [DENIED_WORKGROUP]
    yield from (f"it does not mention {name}" for name in told if name not in mail["text"])
