"""How many examples hypothesis draws: few and always the same ones in the suite, many and new ones by hand.

`pytest tests/postgres/test_mutations.py --hypothesis-profile campaign` is a campaign.
"""

from hypothesis import HealthCheck, settings

SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
"""Each example is a database: what takes long for hypothesis is quick for us."""

settings.register_profile(
    "suite", max_examples=40, derandomize=True, database=None, deadline=None, suppress_health_check=SLOW
)
settings.register_profile(
    "campaign", max_examples=400, derandomize=False, database=None, deadline=None, suppress_health_check=SLOW
)
settings.load_profile("suite")
