"""Reads files that a configuration names: regular ones of a limited size, never a pipe or a device."""

import os
import stat
from pathlib import Path

KIB = 1024


class Unreadable(Exception):
    """A file cannot be read; the message is a phrase that follows the file's name."""


def read_regular_file(path: Path, *, most_bytes: int) -> bytes:
    """The content of the file at `path`, which may be a symbolic link to one. Raises Unreadable.

    Does not wait for the writer of a pipe.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    except ValueError:  # a NUL byte in the name, or a character that the file system cannot encode
        raise Unreadable("cannot be read: its name contains a character that no file name can contain") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise Unreadable("is a directory" if stat.S_ISDIR(mode) else "is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            content = stream.read(most_bytes + 1)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(content) > most_bytes:
        raise Unreadable(f"is larger than {_size(most_bytes)}")
    return content


def _size(number: int) -> str:
    return f"{number // KIB} KiB" if number < KIB * KIB else f"{number // KIB // KIB} MiB"
