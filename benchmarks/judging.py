"""What it takes to judge an empty tenant of a manifest with many migrations, without a server."""

from collections.abc import Iterator
from functools import partial

from benchmarks.histories import linear_manifest, wide
from benchmarks.measures import MIGRATIONS_JUDGED
from benchmarks.meter import Meter
from benchmarks.results import Figure
from pgfleet.catalog.history import fingerprint_of
from pgfleet.catalog.objects import Catalog
from pgfleet.fleet.secret import Dsn
from pgfleet.judge.assessment import assess
from pgfleet.judge.records import Records
from pgfleet.manifest.order import order_of
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.expected_catalog import build_expected


def judged(cluster: Cluster) -> Iterator[Figure]:
    """One assessment for each number of migrations; each migration creates a table of 13 objects."""
    empty = Catalog(fingerprint=fingerprint_of(()), managed=(), unexpected=())
    for number in MIGRATIONS_JUDGED:
        manifest = linear_manifest([wide(each) for each in range(1, number + 1)])
        with scratch_database(Dsn(cluster.dsn()), Limits()) as session:
            expected = build_expected(manifest, session)
        judge = partial(assess, expected, order_of(manifest.migrations, is_linear=True), empty, Records())
        cost = Meter(cluster.dsn()).take(judge)
        yield Figure(measure=f"judging-{number}", tenants=1, **dict(cost))
