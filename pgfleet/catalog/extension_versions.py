"""Which of two versions of an extension is the newer one."""

import re

NUMBERS = re.compile(r"\d+(?:\.\d+)*")


def is_newer(found: str, expected: str) -> bool:
    """Whether the version found is newer; of names that are not numbers (`unpackaged`), none is.

    PostgreSQL does not order versions (PostgreSQL manual, 36.17.5 Extension Updates); in practice they are numbers.
    """
    if not (NUMBERS.fullmatch(found) and NUMBERS.fullmatch(expected)):
        return False
    one, other = ([int(part) for part in each.split(".")] for each in (found, expected))
    return one > other
