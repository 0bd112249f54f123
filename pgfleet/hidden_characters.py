"""Shows the characters that a terminal, a browser, or a log would hide or obey.

Names, definitions, and messages of a tenant may contain any character. All that people read passes through
`show_hidden` or `show_hidden_in_sql`; JSON passes through `escape_json`, which keeps the data.
"""

import re
import unicodedata
from functools import lru_cache

KEPT_IN_BLOCKS = "\n\t"
"""What remains in a text of several lines, such as a definition."""
SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Control and format characters, unassigned and private ones, surrogates, and line and paragraph separators."""
FIRST_BEYOND_ASCII, FIRST_OF_EIGHT_DIGITS = 0x80, 0x10000
IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks without a shape (Unicode, Default_Ignorable_Code_Point), and the empty Braille cell."""
LONGEST_PARSED = 4000
"""Characters of SQL that are searched for strings and names, which takes time in proportion to their square."""
SUSPECT = re.compile(r"[^ -~]")
TOKEN = re.compile(
    r"""(?P<kept>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$ | --[^\n]* | /\*.*?\*/)
        | (?P<escaped>\b[eE]'(?:[^'\\]|''|\\.)*')
        | (?P<quoted>'(?:[^']|'')*' | "(?:[^"]|"")*")
    """,
    re.DOTALL | re.VERBOSE,
)
"""Comments and dollar-quoted texts, strings with escapes, and other strings and quoted names of SQL."""


def show_hidden(text: str, *, keep: str = "") -> str:
    r"""The text with hidden characters as escapes (`\n`, `\x1b`, `\u202e`), except for those in `keep`.

    A second call changes nothing. Backslashes of the text remain as they are.
    """
    return SUSPECT.sub(lambda found: found[0] if found[0] in keep else _shown(found[0]), text)


def show_hidden_in_sql(text: str, *, keep_in_strings: str = KEPT_IN_BLOCKS) -> str:
    r"""SQL with its line breaks, whose strings and quoted names still mean the same: `U&"a\001b"` for a name with ESC.

    In comments and in dollar-quoted texts, which have no escapes, hidden characters are only shown. So they are in a
    text of more than LONGEST_PARSED characters. In a quoted name, a line break becomes an escape, too.
    """
    if len(text) <= LONGEST_PARSED and SUSPECT.search(text):
        text = TOKEN.sub(lambda found: _token(found, "" if found[0].startswith('"') else keep_in_strings), text)
    return show_hidden(text, keep=KEPT_IN_BLOCKS)


def one_line_of_sql(text: str) -> str:
    """SQL on one line: line breaks in strings and names are escapes, and other white space is one space."""
    return " ".join(show_hidden_in_sql(text.replace("\r\n", "\n"), keep_in_strings="").split())


def escape_json(text: str) -> str:
    r"""JSON in which hidden characters within strings are escapes (`\u202e`), so that it says the same."""
    return SUSPECT.sub(lambda found: found[0] if found[0] in KEPT_IN_BLOCKS else _in_json(found[0]), text)


def is_shown(text: str) -> bool:
    """Whether the text contains no hidden character."""
    return show_hidden(text) == text


def _token(found: re.Match[str], keep: str) -> str:
    text = found[0]
    if found["kept"] or found["escaped"]:
        return show_hidden(text, keep=keep) if found["escaped"] else text
    if show_hidden(text, keep=keep) == text:
        return text
    doubled = text.replace("\\", "\\\\")
    return "U&" + SUSPECT.sub(lambda each: each[0] if each[0] in keep else _in_unicode_string(each[0]), doubled)


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    if not _is_hidden(character):
        return character
    code = ord(character)
    if code < FIRST_BEYOND_ASCII:  # from there on, \x means a byte in SQL
        return SHORT.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < FIRST_OF_EIGHT_DIGITS else f"\\U{code:08x}"


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in HIDDEN_CATEGORIES or bool(IGNORABLE.match(character))


def _in_unicode_string(character: str) -> str:
    """As in `U&'…'` (PostgreSQL manual, 4.1.2.3 String Constants with Unicode Escapes)."""
    if not _is_hidden(character):
        return character
    code = ord(character)
    return f"\\{code:04x}" if code < FIRST_OF_EIGHT_DIGITS else f"\\+{code:06x}"


def _in_json(character: str) -> str:
    if not _is_hidden(character):
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
