"""Texts with secrets in them, which do not show themselves."""

from dataclasses import dataclass, field

from pgfleet.fleet.pooler import Pooler

HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Dsn:
    """A libpq connection string; `secrets` are the texts within it that no output may hold.

    `pooler` is what the fleet file says stands in between; None where it says nothing, and it is to be found out.
    """

    text: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    pooler: Pooler | None = None

    def __str__(self) -> str:
        """Never the connection string itself."""
        return HIDDEN


@dataclass(frozen=True, slots=True)
class Secret:
    """Any other text that variables were put into; `secrets` are their values."""

    text: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        """The text with the variables' values hidden."""
        return redacted(self.text, self.secrets)


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    """The text with every secret in it replaced by asterisks, the longest first."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
