"""What holds for every test: Hypothesis and signals. Anything narrower lives beside the tests that need it."""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

# Timings never decide a test. On CI the same examples run every time; at work, chance may find new ones.
settings.register_profile("work", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("work"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "work")

# A shell has what it runs in the background ignore Ctrl-C, and `nohup` a hang-up; so would every server of a test.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
