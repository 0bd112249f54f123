"""Text at a terminal: on one line, without markup, and without characters that the terminal would obey or hide."""

from rich.text import Text

from pgfleet.hidden_characters import show_hidden


def plain_text(text: str, style: str = "") -> Text:
    """The text with its hidden characters shown as escapes, line breaks included."""
    return Text(show_hidden(text), style=style)
