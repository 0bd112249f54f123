"""Asks at the terminal whether what was shown may be done."""

import sys

import typer

DIGEST_SHOWN, FEWEST_TYPED = 12, 4


def is_terminal() -> bool:
    """Whether there is a person to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def is_confirmed(what: str, digest: str) -> bool:
    """The answer of a person who has what the digest stands for before them, and copies its first characters."""
    shown = digest[:DIGEST_SHOWN]
    said = f"To {what} type the first characters of its digest ({shown}); anything else ends it"
    typed: str = typer.prompt(said, err=True, default="", show_default=False)
    return len(typed.strip()) >= FEWEST_TYPED and digest.startswith(typed.strip().lower())
