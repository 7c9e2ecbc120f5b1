"""Policy evaluation against Cloud Custodian: the same four terms over the same sessions of fifteen fields.

What is compared is what Custodian has, too: filters over resources that are in memory already. A judgement does more than
that (the floor under every stop, what is undecidable, pins), and is shown beside it.
"""

from __future__ import annotations

from tests.bench.evaluation_rows import COUNT, MATCHES
from tests.bench.result import Budget, Result, check, median_ratio, side_by_side, spread
from tests.bench.worker import ROOT, worker

ROUNDS = 9
CUSTODIAN = ROOT / ".venv-bench" / "bin" / "python"


def run() -> list[Result]:
    """How many times faster ours is."""
    check(CUSTODIAN.exists(), "Cloud Custodian is not installed: `make bench` installs it into .venv-bench")
    with (
        worker("tests.bench.evaluate_ours") as ours,
        worker("tests.bench.evaluate_custodian", python=CUSTODIAN) as custodian,
    ):
        found = custodian.prepared["ids"]
        check(len(found) == MATCHES, f"Custodian's filters hold for {len(found)} sessions, not for {MATCHES}")
        for what in ("condition", "judge"):
            check(
                sorted(ours.prepared[what]) == sorted(found),
                f"our {what} and Custodian's filters chose different sessions",
            )
        rounds: list[dict[str, float]] = []

        def ours_once() -> float:
            rounds.append(ours.round())
            return rounds[-1]["condition"]

        conditions, filters = side_by_side(ours_once, lambda: custodian.round()["seconds"], ROUNDS)
    judgements = [one["judge"] for one in rounds]
    return [
        _result("policy condition, Custodian's time / ours", filters, conditions, 10.0),
        _result("whole judgement, Custodian's time / ours", filters, judgements, None),
    ]


def _result(what: str, theirs: list[float], ours: list[float], limit: float | None) -> Result:
    ratios = [one / other for one, other in zip(theirs, ours, strict=True)]
    rates = f"{COUNT / min(ours):,.0f} sessions/s, Custodian {COUNT / min(theirs):,.0f}"
    return Result(
        what=what,
        measured=median_ratio(theirs, ours),
        budget=Budget.AT_LEAST,
        limit=limit,
        detail=f"{rates}; {spread(ratios)}",
    )
