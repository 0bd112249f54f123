"""Asks for confirmation at the terminal."""

import sys

import typer

DIGEST_SHOWN, FEWEST_TYPED = 12, 4


def is_terminal() -> bool:
    """Whether a person can answer at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def is_agreed(question: str) -> bool:
    """Whether the person answers yes; end of input and Ctrl-C are no."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        return False


def is_confirmed(question: str, digest: str) -> bool:
    """Whether the person types the first characters of the digest of what was shown; Ctrl-C is no."""
    prompt = f"{question} Type the first characters of its digest ({digest[:DIGEST_SHOWN]}) to continue"
    try:
        typed: str = typer.prompt(prompt, err=True, default="", show_default=False)
    except typer.Abort:
        return False
    return len(typed.strip()) >= FEWEST_TYPED and digest.startswith(typed.strip().lower())
