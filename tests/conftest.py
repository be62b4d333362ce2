"""Puts this folder on the path: several test folders share the process in `counting`."""

from hypothesis import HealthCheck, settings

# Machines differ in speed: what a test asserts is never how long it takes.
settings.register_profile("slawatch", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("slawatch")
