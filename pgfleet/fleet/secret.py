"""Texts that contain secrets, which their `str` and `repr` hide."""

from dataclasses import dataclass, field

from pgfleet.fleet.pooler import Pooler

HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Dsn:
    """A libpq connection string; `secrets` are the parts that no output may contain.

    `pooler` is the mode set in the fleet file; None to detect it.
    """

    text: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    pooler: Pooler | None = None

    def __str__(self) -> str:
        """Asterisks, never the connection string."""
        return HIDDEN


@dataclass(frozen=True, slots=True)
class Secret:
    """Any other text with resolved references; `secrets` are their values."""

    text: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        """The text with the secrets hidden."""
        return redacted(self.text, self.secrets)


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    """The text with every secret replaced by asterisks, the longest first."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
