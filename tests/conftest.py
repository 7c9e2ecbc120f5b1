"""What every test shares: surroundings that are the same everywhere, and how hard the property tests try."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from localcloud.surroundings import leave_real_clouds

# Here rather than beside the matrix: with the tests spread over processes, no other conftest is read by the one that reports.
from tests.support.fault_matrix import pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]

# Before anything else is imported that reads them. What a terminal is asked for is asked for by the test that wants it.
leave_real_clouds()
for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES"):
    os.environ.pop(name, None)

_relaxed = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("quick", max_examples=100, **_relaxed)
settings.register_profile("deep", max_examples=2000, **_relaxed)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
