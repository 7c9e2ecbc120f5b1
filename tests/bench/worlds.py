"""Large worlds for the embedded cloud, as documents (see ``localcloud.document``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ACCOUNT = "111122223333"
REGION = "eu-central-1"

Document = dict[str, Any]


def here(**services: Any) -> Document:
    """A world in which only this account and region have anything."""
    return {"accounts": {ACCOUNT: {REGION: services}}}


def glue_100k() -> Document:
    """One list of 100,000 sessions: 100 pages."""
    return here(
        glue=[
            {
                "id": f"notebook-{number:06}",
                "created": "-9h",
                "description": f"Notebook {number}",
                "idle_timeout_minutes": 2880,
                "max_capacity": 5.0,
            }
            for number in range(100_000)
        ]
    )


def athena(workgroups: int, sessions: int) -> Document:
    """So many Spark workgroups of so many sessions each, the first of which is idle for eleven hours, all others for three."""
    return here(
        athena={
            "workgroups": [
                {
                    "name": f"team-{group:04}",
                    "sessions": [
                        {
                            "id": f"{group:04}-{number:04}",
                            "started": "-12h",
                            "idle_since": "-11h" if number == 0 else "-3h",
                            "description": f"Notebook {number}",
                        }
                        for number in range(sessions)
                    ],
                }
                for group in range(workgroups)
            ]
        }
    )


def deadline_20k() -> Document:
    """A fleet of 100 workers with 200 sessions each: timestamps are ISO 8601 text here."""
    return here(
        deadline={
            "farms": [
                {
                    "id": "studio",
                    "queues": [{"id": "film", "jobs": [{"id": "shot"}]}],
                    "fleets": [
                        {
                            "id": "spot",
                            "workers": [
                                {
                                    "id": f"w{worker}",
                                    "sessions": [
                                        {
                                            "id": f"{worker}-{number}",
                                            "queue": "film",
                                            "job": "shot",
                                            "started": "-9h",
                                            "state": "STARTED",
                                        }
                                        for number in range(200)
                                    ],
                                }
                                for worker in range(100)
                            ],
                        }
                    ],
                }
            ]
        }
    )


WORLDS: dict[str, Callable[[], Document]] = {
    "glue-100k": glue_100k,
    "athena-20k": lambda: athena(100, 200),
    "athena-100k": lambda: athena(100, 1000),
    "deadline-20k": deadline_20k,
}
