"""The text of a script's file, from its bytes."""

import re

MARKED_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Unusable(Exception):
    """A file cannot be used; the message is a phrase that follows the file's name."""


def decode(content: bytes) -> str:
    """The text as it is stored, with a byte order mark and CRLF. Raises Unusable if the server would reject a byte."""
    if content.startswith(MARKED_UTF_16):
        raise Unusable("is UTF-16; save it as UTF-8")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Unusable(f"is not UTF-8, at line {line} (byte {error.start})") from None
    if "\0" in text:
        raise Unusable(f"contains a NUL byte, at line {line_of(text, text.index(chr(0)))}; delete it")
    return text


def normalize(text: str) -> str:
    """The text without a byte order mark, with LF line ends."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def blank(text: str, start: int, end: int) -> str:
    """The text with spaces instead of the characters from `start` to `end`, so that all others keep their places."""
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def line_of(text: str, position: int) -> int:
    """The line, from 1, of a character's position, from 0."""
    return text.count("\n", 0, position) + 1
