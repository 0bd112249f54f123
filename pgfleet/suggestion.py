"""Suggests what somebody probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'acme'?`, or nothing if no known name is similar."""
    similar = get_close_matches(name, list(dict.fromkeys(known)))
    return f"; did you mean {' or '.join(f'{each!r}' for each in similar)}?" if similar else ""
