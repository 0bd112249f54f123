"""The migrations of a report with their tenants: one line for all migrations with the same numbers."""

from collections import Counter
from collections.abc import Iterator, Mapping

from pgfleet.reports.phrases.rollout import about_migrations
from pgfleet.wording import group_names


def tally_lines(tallies: Mapping[str, Counter[str]], labels: Mapping[str, str]) -> Iterator[str]:
    """`1_one.sql: 3 applied, 1 failed`, and of many `25 migrations, 0039 … 0063: 5 applied`.

    `tallies` and `labels` are by version, in the manifest's order.
    """
    texts = group_names((_text(tallies[version]), version) for version in labels if version in tallies)
    return (f"{about_migrations(versions, labels)}: {text}" for text, versions in texts.items())


def _text(tally: Counter[str]) -> str:
    return ", ".join(f"{number} {word}" for word, number in tally.most_common())
