"""Reads a YAML file."""

from pathlib import Path

import yaml

from pgfleet.errors import ConfigurationError


def read_yaml(path: Path) -> object:
    """What a YAML file holds. Raises ConfigurationError."""
    try:
        return yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(str(path), "", f"cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(str(path), "", f"is not YAML: {error}") from None
