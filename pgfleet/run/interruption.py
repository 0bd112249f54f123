"""Ends the command within seconds of SIGINT or SIGTERM, wherever its threads wait.

Python runs a signal's handler in the main thread only, and what the handler raises can be lost: in a callback whose
exceptions are ignored, or in Prefect's engine after the user's code has ended. A thread of ours therefore reads the
signals from Python's wakeup descriptor. It ends the waits of all threads, raises the signal again if the main thread
goes on, and ends the process if that does not help either.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
REMINDERS_SECONDS = (3.0, 5.0)
"""When the signal is raised again, after it first arrived."""
LONGEST_SECONDS = 7.0
"""When the process ends in any case, after it has cleaned up what would remain."""
CLEAN_UP_SECONDS = 1.5
"""How long the cleanups may take then."""
CleanUp = Callable[[], object]

_interrupted = threading.Event()
_received: list[int] = []
_clean_ups: list[CleanUp] = []
_announcements: list[CleanUp] = []
_shields = 0
_is_watching = False


def raise_keyboard_interrupt(number: int, _frame: FrameType | None) -> None:
    """The handler of both signals: SIGTERM ends a command as Ctrl-C does."""
    _received.append(number)
    raise KeyboardInterrupt


def install() -> None:
    """Handles both signals, even where the parent process ignores SIGINT, as a shell does for background jobs."""
    for each in SIGNALS:
        signal.signal(each, raise_keyboard_interrupt)
    sys.unraisablehook = _report_unless_interrupted
    watch()


def _report_unless_interrupted(unraisable: "sys.UnraisableHookArgs") -> None:
    """Says nothing about an interrupt that Python ignores in a finalizer or a callback: it is raised again."""
    if not (isinstance(unraisable.exc_value, KeyboardInterrupt) and _received):
        sys.__unraisablehook__(unraisable)


def stop_raising() -> None:
    """The command is done: from now on a signal interrupts nothing, and only bounds what the interpreter still does."""
    for each in SIGNALS:
        signal.signal(each, lambda *_: None)


def watch() -> None:
    """Starts the thread that reads the signals, once in a process; does nothing outside of the main thread."""
    global _is_watching  # noqa: PLW0603 (there is one wakeup descriptor in a process)
    if _is_watching or threading.current_thread() is not threading.main_thread():
        return
    _is_watching = True
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_read_signals, args=(reader, writer), name="signals", daemon=True).start()


def received() -> int | None:
    """The first signal that arrived, if any."""
    return _received[0] if _received else None


def is_interrupted() -> bool:
    """Whether the command must end."""
    return _interrupted.is_set()


def check() -> None:
    """Raises KeyboardInterrupt in any thread if the command must end."""
    if _interrupted.is_set():
        raise KeyboardInterrupt


def sleep(seconds: float) -> None:
    """Waits in any thread. Raises KeyboardInterrupt once the command must end."""
    _interrupted.wait(seconds)
    check()


def interrupt() -> None:
    """Ends the waits of all threads, except those that clean up."""
    _interrupted.set()


def reset() -> None:
    """Forgets an interruption."""
    _interrupted.clear()


@contextmanager
def shielded() -> Iterator[None]:
    """Within the block, which cleans up in bounded time, the signal is not raised again."""
    global _shields  # noqa: PLW0603
    _shields += 1
    try:
        yield
    finally:
        _shields -= 1


def clean_up_by(clean_up: CleanUp) -> None:
    """If the process has to be ended after a signal, calls `clean_up` first, in another thread."""
    if clean_up not in _clean_ups:
        _clean_ups.append(clean_up)


@contextmanager
def cleaned_up_by(clean_up: CleanUp) -> Iterator[None]:
    """The same, within the block only."""
    clean_up_by(clean_up)
    try:
        yield
    finally:
        _clean_ups.remove(clean_up)


@contextmanager
def announced_by(announcement: CleanUp) -> Iterator[None]:
    """Within the block, the first signal calls `announcement`, in another thread."""
    _announcements.append(announcement)
    try:
        yield
    finally:
        _announcements.remove(announcement)


def announce() -> None:
    """Calls the announcements."""
    for each in tuple(_announcements):
        _suppressing(each)


def _read_signals(reader: socket.socket, _writer: socket.socket) -> None:
    while numbers := reader.recv(64):
        for number in numbers:
            if number in SIGNALS and not _interrupted.is_set():
                _received.append(number)
                interrupt()
                threading.Thread(target=_end, args=(number,), name="end", daemon=True).start()
                threading.Thread(target=announce, name="announcement", daemon=True).start()


def _end(number: int) -> None:
    began = monotonic()
    for seconds in REMINDERS_SECONDS:
        _sleep_until(began + seconds)
        if not _shields:
            signal.pthread_kill(threading.main_thread().ident or 0, number)
    _sleep_until(began + LONGEST_SECONDS)
    threads = [threading.Thread(target=_suppressing, args=(each,), daemon=True) for each in _clean_ups]
    for thread in threads:
        thread.start()
    deadline = monotonic() + CLEAN_UP_SECONDS
    for thread in threads:
        thread.join(max(0, deadline - monotonic()))
    os._exit(128 + number)


def _sleep_until(moment: float) -> None:
    threading.Event().wait(max(0, moment - monotonic()))


def _suppressing(clean_up: CleanUp) -> None:
    with suppress(Exception):
        clean_up()
