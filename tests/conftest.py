"""What every test shares: how hard the property tests try."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_relaxed = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("quick", max_examples=100, **_relaxed)
settings.register_profile("deep", max_examples=2000, **_relaxed)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
