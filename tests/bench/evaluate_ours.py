"""Our side of the evaluation: the condition alone, as Custodian's filters are, and the whole judgement around it."""

from __future__ import annotations

import gc
import json
import time
from typing import Any

from reaper.core.facts import Facts
from reaper.core.judge import Verdict, VerdictKind, compile_book, judge
from reaper.core.policy.document import from_json
from reaper.core.policy.load import load
from reaper.core.session import Phase, Session, SessionRef
from tests.bench.evaluation_rows import NOW, OURS, PASSES, rows
from tests.bench.worker import answer


def main() -> None:
    """Load the condition as a policy file would, and answer with what one pass over all sessions takes."""
    document = {"version": 1, "policies": [{"name": "idle", "when": OURS, "then": "stop"}]}
    loaded = load(from_json(json.dumps(document)))
    assert loaded.book is not None, loaded.problems
    book = compile_book(loaded.book)
    holds, sessions = book.stops[0].holds, [session_of(row) for row in rows()]

    def condition() -> list[Session]:
        return [session for session in sessions if holds(session, NOW) is True]

    def whole() -> list[Session]:
        return [session for session in sessions if stops(judge(book, session, NOW))]

    def measure() -> dict[str, float]:
        times: list[float] = []
        for work in (condition, whole):
            gc.collect()
            started = time.process_time()
            for _ in range(PASSES):
                work()
            times.append((time.process_time() - started) / PASSES)
        return {"condition": times[0], "judge": times[1]}

    answer({"condition": [one.ref.id for one in condition()], "judge": [one.ref.id for one in whole()]}, measure)


def stops(answered: object) -> bool:
    """Whether a judgement is a stop."""
    return isinstance(answered, Verdict) and answered.kind is VerdictKind.STOP


def session_of(row: dict[str, Any]) -> Session:
    """The row as a provider would give it, everything asked."""
    return Session(
        SessionRef("glue", row["AccountId"], row["Region"], (), row["Id"]),
        Facts(
            state=row["Status"],
            phase=Phase.IDLE,
            created_at=row["CreatedOn"],
            idle_since=NOW - row["IdleSeconds"],
            idle_timeout=row["IdleTimeout"],
            tags={tag["Key"]: tag["Value"] for tag in row["Tags"]},
            name=row["Name"],
            creator=row["Creator"],
            kind=row["Command"],
            worker_type=row["WorkerType"],
            dpus=row["MaxCapacity"],
            billed_units=row["MaxCapacity"],
            price_key="glue-dpu-hour",
        ),
    )


main()
