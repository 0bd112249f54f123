"""The progress of the work on a manifest, on a terminal and elsewhere."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from pgfleet.cli import progress
from pgfleet.cli.progress import INTERRUPTED_CHANGES, showing_progress, time_left
from pgfleet.run import interruption
from pgfleet.run.progress import report_finished, report_phase, track


def shown(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object], *, is_terminal: bool) -> str:
    """What standard error shows of the work."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=is_terminal, width=100)
    monkeypatch.setattr(progress, "Console", lambda **_: console)
    with showing_progress("manifest check"):
        work()
    return stream.getvalue()


def test_elsewhere_a_line_is_printed_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 1000, 4))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    found = shown(monkeypatch, lambda: [*track("replay", range(8))], is_terminal=False)
    assert found.splitlines() == [
        "manifest check: replay: 2 of 8",
        "manifest check: replay: 5 of 8",
        "manifest check: replay: 8 of 8",
    ]


def test_on_a_terminal_a_bar_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        items = track("second runs", range(8))
        assert [next(items), next(items)] == [0, 1]

    found = shown(monkeypatch, work, is_terminal=True)
    assert "manifest check: second runs" in found
    assert "1/8" in found


def test_on_a_terminal_tenants_are_shown_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        report_phase("plan", 3)
        next(track("replay", range(8)))

    found = shown(monkeypatch, work, is_terminal=True)
    assert "manifest check: plan" in found
    assert "manifest check: replay" in found


@pytest.mark.parametrize(
    ("elapsed_seconds", "done", "left"),
    [
        (9, 5, ""),
        (12, 0, ""),
        (12, 6, "about 28 s left"),
        (60, 1, "about 19 min left"),
        (60, 20, ""),
    ],
)
def test_the_time_left_is_estimated_after_ten_seconds(elapsed_seconds: float, done: int, left: str) -> None:
    assert time_left(elapsed_seconds, done, 20) == left


def test_elsewhere_a_long_phase_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 1000, 6))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))

    def work() -> None:
        report_phase("audit", 5)
        for name in "abcde":
            report_finished(name, "ready")

    assert shown(monkeypatch, work, is_terminal=False).splitlines() == [
        "manifest check: audit: 5 tenants …",
        "manifest check: 2 of 5 tenants, about 18 s left",
        "manifest check: 4 of 5 tenants, about 6 s left",
    ]


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_signal_is_answered_with_how_to_continue(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(progress, "Console", lambda **_: Console(file=stream, force_terminal=is_terminal, width=100))
    with showing_progress("rollout of dev", interrupted=INTERRUPTED_CHANGES):
        interruption.announce()
    interruption.announce()
    assert stream.getvalue().count("rollout of dev: interrupted; what was committed stays") == 1
