"""Whether a signal has interrupted this command. Python raises only in the main thread; waits of others ask here."""

from threading import Event

_interrupted = Event()


def interrupt() -> None:
    """Ends the waits of all threads, except those that clean up."""
    _interrupted.set()


def is_interrupted() -> bool:
    """Whether the command must end."""
    return _interrupted.is_set()


def reset() -> None:
    """Forgets an interruption that has been handled."""
    _interrupted.clear()
