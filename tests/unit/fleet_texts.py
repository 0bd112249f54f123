"""Reads fleet files that tests write."""

import pytest

from pgfleet.errors import FleetError
from pgfleet.fleet.model import (
    Environment,
)
from pgfleet.fleet.parse import build_environment, parse_fleet

PROD = "[environments.prod]\n"
ACME = '[[environments.prod.tenants]]\nname = "acme"\ndsn = "host=h dbname=acme"\n'
DURATION = 'must be a duration such as "500ms", "2s", "5min", or "1h"'


def read(text: str, name: str = "prod", **variables: str) -> Environment:
    return build_environment(parse_fleet(text, file="fleet.toml"), name, variables, file="fleet.toml")


def refusal(text: str, name: str = "prod", **variables: str) -> FleetError:
    with pytest.raises(FleetError) as caught:
        read(text, name, **variables)
    return caught.value
