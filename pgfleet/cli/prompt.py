"""Asks for confirmation at the terminal."""

import sys

import typer

DIGEST_SHOWN, FEWEST_TYPED = 12, 4


def is_terminal() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def is_confirmed(question: str, digest: str) -> bool:
    """Whether the person types the first characters of the digest of what was shown."""
    prompt = f"{question} Type the first characters of its digest ({digest[:DIGEST_SHOWN]}) to continue"
    typed: str = typer.prompt(prompt, err=True, default="", show_default=False)
    return len(typed.strip()) >= FEWEST_TYPED and digest.startswith(typed.strip().lower())
