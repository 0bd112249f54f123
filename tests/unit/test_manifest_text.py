"""The text of a file, and the bytes that no server accepts."""

import pytest

from pgfleet.manifest.text import Unusable, blank, decode, normalize


def test_a_text_is_as_stored() -> None:
    assert decode("\ufeffä\r\nb".encode()) == "\ufeffä\r\nb"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param(b"SELECT 1;\n-- a\0b\n", "contains a NUL byte, at line 2; delete it", id="NUL"),
        pytest.param(b"-- a\n-- \xfc\n", "is not UTF-8, at line 2 (byte 8)", id="Latin-1"),
        pytest.param(b"\n\n'\xed\xa0\x80'", "is not UTF-8, at line 3 (byte 3)", id="a surrogate"),
        pytest.param(b"'\xc0\x80'", "is not UTF-8, at line 1 (byte 1)", id="a NUL in two bytes"),
        pytest.param("SELECT 1".encode("utf-16"), "is UTF-16; save it as UTF-8", id="UTF-16"),
    ],
)
def test_a_byte_that_no_server_accepts_is_a_fault(content: bytes, fault: str) -> None:
    with pytest.raises(Unusable) as caught:
        decode(content)
    assert str(caught.value) == fault


def test_a_byte_order_mark_and_windows_line_ends_do_not_run() -> None:
    assert normalize("\ufeffa\r\nb\rc\n") == "a\nb\nc\n"


def test_blanked_characters_keep_the_lines() -> None:
    assert blank("ab\ncd\ne", 1, 5) == "a \n  \ne"
