"""Runs the command line in the process of a test."""

import sys

import pytest

from pgfleet.cli.app import run_command


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    """The exit status, standard output, and standard error."""
    monkeypatch.setattr(sys, "argv", ["pgfleet", *arguments])
    with pytest.raises(SystemExit) as ended:
        run_command()
    return int(ended.value.code or 0), *capsys.readouterr()
