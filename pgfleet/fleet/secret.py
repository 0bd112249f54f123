"""Texts that contain secrets, which their `str` and `repr` hide."""

import re
from dataclasses import dataclass, field
from functools import cache

from pgfleet.fleet.pooler import Pooler

HIDDEN = "***"
SHORTEST_SEARCHED = 4
"""Characters. A shorter secret occurs in almost every text by chance."""
LONGEST_WORD = 11
"""Letters. A secret of more letters, or with other characters, is not taken for a word."""


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
    """Any other text with resolved references; `secrets` are their values, and `shown` is the text without them."""

    text: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    shown: str = field(default="", compare=False)

    def __str__(self) -> str:
        """The text with the secrets hidden."""
        return self.shown or redacted(self.text, self.secrets)


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    """The text with every secret replaced by asterisks, the longest first.

    A secret that may as well be a word of the text (`on`, `the`, `main`) is replaced only where it is a value: in
    quotes, after an equal sign, before the host of a URL, or as the entire text. A message that quotes a connection
    string has its password in one of these places.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = re.sub(_pattern(secret), HIDDEN, text)
    return text


def redacted_name(name: str, secrets: tuple[str, ...]) -> str:
    """A name made of parts of a connection string, such as `db1:5432/acme`, without the parts that are secrets."""
    return re.sub(r"[^:,/ ]+", lambda part: HIDDEN if part[0] in secrets else part[0], redacted(name, secrets))


def masked_name(name: str, secrets: tuple[str, ...]) -> str:
    """The same for a list of names, where a secret of a few characters or a word is hidden within a name, too."""
    for secret in sorted((each for each in secrets if len(each) >= SHORTEST_SEARCHED), key=len, reverse=True):
        name = name.replace(secret, HIDDEN)
    return redacted_name(name, secrets)


@cache
def _pattern(secret: str) -> str:
    written = re.escape(secret)
    is_word = secret.isalpha() and len(secret) <= LONGEST_WORD
    if len(secret) >= SHORTEST_SEARCHED and not is_word:
        return written
    return rf"""^{written}$|(?<="){written}(?=")|(?<='){written}(?=')|(?<==){written}(?!\w)|(?<=:){written}(?=@)"""
