"""Which tables a manifest makes partitions of others.

Partitions are not compared, because they come and go. So a table that a migration attaches leaves the catalog that is
compared, and is as well in order if somebody detaches it later.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from pgfleet.catalog.history import Chain, History, Link

Place = tuple[str | None, str]
"""A table's schema, None for the home schema, and its name."""


def with_partitions(history: History, after: Mapping[str, frozenset[Place]]) -> History:
    """The history with the tables that versions make partitions; `after` holds all partitions after each version."""
    states = [frozenset[Place](), *(after[version] for version in history.versions)]
    made = {
        version: new
        for version, (before, found) in zip(history.versions, pairwise(states), strict=True)
        if (new := found - before)
    }
    chains = tuple(_with_attachments(chain, made) for chain in history.chains) if made else history.chains
    others = {link.version for chain in chains for link in chain.links if not link.is_attached}
    partitions = {version: tables for version, tables in made.items() if version not in others}
    every = frozenset[Place]().union(*made.values())
    return replace(history, partitions=partitions, all_partitions=every, chains=chains)


def _with_attachments(chain: Chain, made: Mapping[str, frozenset[Place]]) -> Chain:
    links = list(chain.links)
    for index, link in enumerate(links):
        if link.state is None and _belongs_to(links[index - 1], made.get(link.version, ())):
            links[index] = replace(link, is_attached=True)
    return replace(chain, links=tuple(links))


def _belongs_to(link: Link, tables: Collection[Place]) -> bool:
    """Whether the object as the link left it is one of the tables, or belongs to one."""
    return link.state is not None and (link.state.place in tables or link.state.parent_place in tables)


def are_attached(tables: Collection[Place], found: Iterable[Place]) -> bool | None:
    """Whether all of the tables are among the partitions found, or none of them (False); None for some of them."""
    present = frozenset(tables) & frozenset(found)
    return True if len(present) == len(tables) else None if present else False
