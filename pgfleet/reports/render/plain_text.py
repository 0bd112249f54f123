"""Text of others at a terminal: no markup, and no control character that the terminal would obey."""

from rich.text import Text

CONTROLS = {each: "\ufffd" for each in (*range(0x20), *range(0x7F, 0xA0)) if each not in {0x09, 0x0A}}


def plain_text(text: str, style: str = "") -> Text:
    """The text as it is; control characters are replaced by U+FFFD."""
    return Text(text.translate(CONTROLS), style=style)
