"""Are two audits of the same manifest, so that their findings can be compared?

A manifest changes all the time: migrations are added at its end, and sometimes one is edited, inserted, or removed. The
manifest of another product, or one whose migrations were squashed into a new first one, is a different manifest. With
it, nothing is new or resolved only because it is absent from the other audit.
"""

from pgfleet.documents.audit import ManifestEntry


def is_same_lineage(before: ManifestEntry, now: ManifestEntry) -> bool:
    """Whether one is a state of the manifest that the other is a later state of.

    They begin with the same version, have at least half of the shorter one's versions in common, in the same order, and
    of these at least half the same scripts. A document that records no scripts is compared by its versions alone.
    """
    if before.checksum == now.checksum:
        return True
    common = [each for each in before.migrations if each in {*now.migrations}]
    is_same_order = common == [each for each in now.migrations if each in {*before.migrations}]
    shorter = min(len(before.migrations), len(now.migrations))
    if not common or before.migrations[0] != now.migrations[0] or not is_same_order or 2 * len(common) < shorter:
        return False
    if not (before.scripts and now.scripts):
        return before.product == now.product
    scripts, now_scripts = _scripts(before), _scripts(now)
    return 2 * sum(scripts[each] == now_scripts[each] for each in common) >= len(common)


def _scripts(manifest: ManifestEntry) -> dict[str, str]:
    return dict(zip(manifest.migrations, manifest.scripts, strict=True))
