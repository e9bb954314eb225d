"""Settings for every test: the same examples each time, on every machine."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "mobility",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=25,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("mobility"), max_examples=400)
settings.load_profile(os.environ.get("MOBILITY_HYPOTHESIS", "mobility"))
