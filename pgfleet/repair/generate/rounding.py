"""Whether a column's values can be rounded when its type changes."""

import re

APPROXIMATE = {"real", "double precision"}
NUMBERS = {"smallint", "integer", "bigint", "numeric", *APPROXIMATE}
WIDER = {
    "smallint": NUMBERS,
    "integer": NUMBERS - {"smallint", "real"},
    "bigint": NUMBERS - APPROXIMATE,
    "real": {"double precision"},
}
"""For each type of numbers, those that hold all its values exactly, or reject them: an integer is never rounded."""
DATES = {"date"}
TIMES = {
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "time with time zone",
    "interval",
}
MODIFIER = re.compile(r"\((\d+)(?:,(-?\d+))?\)")


def may_round(found: str, wanted: str) -> bool:
    """Whether a cast from the type `found` to the type `wanted` can round a value, or drop the time of day.

    Both types are as `format_type` writes them. PostgreSQL manual, 8.1 Numeric Types and 8.5 Date/Time Types: such a
    cast succeeds, while a value out of range is an error.
    """
    old, new = (MODIFIER.sub("", each).removesuffix("[]") for each in (found, wanted))
    if old in NUMBERS and new in NUMBERS:
        if old == new == "numeric":
            return _has_fewer_digits(found, wanted)
        return new != old and new not in WIDER.get(old, ())
    if old in TIMES and new in TIMES | DATES:
        return old != new or _has_fewer_digits(found, wanted)
    return False


def _has_fewer_digits(found: str, wanted: str) -> bool:
    """Whether the type `wanted` keeps fewer fractional digits; a type without a modifier keeps all of them."""
    most, old = _fractional_digits(wanted), _fractional_digits(found)
    return most is not None and (old is None or most < old)


def _fractional_digits(type_name: str) -> int | None:
    modifier = MODIFIER.search(type_name)
    return int(modifier[2] or modifier[1]) if modifier else None
