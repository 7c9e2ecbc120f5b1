"""What an hour of an idle session costs: list prices in USD, rough on purpose, and the user's own over them.

These are estimates for people to weigh, never bills. Sources: AWS Glue 0.44 per DPU-hour (its published average standard
rate; interactive sessions bill every second they are active, ready or not), Athena for Spark 0.35 per DPU-hour (the
driver is billed for the whole session, workers for calculations only). Memory-optimised Glue workers (R.*, Z.2X) are
M-DPUs at another rate, Deadline Cloud bills workers rather than sessions, and an EMR Serverless Spark session does not
say how large it is: all three have no price here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

GLUE_DPU_HOUR: Final = "glue_dpu_hour"
ATHENA_DPU_HOUR: Final = "athena_dpu_hour"

PRICES: Final[Mapping[str, float]] = MappingProxyType({GLUE_DPU_HOUR: 0.44, ATHENA_DPU_HOUR: 0.35})
"""USD per unit and hour. A policy file overrides any of them under ``prices``."""

LONGEST_IDLE: Final[Mapping[str, float]] = MappingProxyType({"glue": 172_800.0, "athena": 28_800.0})
"""Seconds of idleness past which nothing is claimed: after these the service ends a session by itself.

Glue: the default of ``Timeout``, and so of ``IdleTimeout``, is 2880 minutes (AWS Glue, "Session"); what more there may be is
not documented. Athena: a session's idle timeout is at most 480 minutes ("Session properties" of notebooks).
"""
