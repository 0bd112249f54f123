"""Audits are compared only with audits of the same manifest."""

import pytest

from pgfleet.documents.audit import ManifestEntry
from pgfleet.judge.lineage import is_same_lineage


def a_manifest(*migrations: str, product: str | None = None, checksum: str | None = None) -> ManifestEntry:
    """`a_manifest("1=a", "2=b")`: versions and the checksums of their scripts."""
    pairs = [each.split("=") for each in migrations]
    return ManifestEntry(
        checksum=checksum or repr((migrations, product)),
        migrations=tuple(version for version, _ in pairs),
        scripts=tuple(script for _, script in pairs),
        product=product,
    )


FOUR = ("1=a", "2=b", "3=c", "4=d")


@pytest.mark.parametrize(
    ("now", "is_same"),
    [
        pytest.param(FOUR, True, id="the same"),
        pytest.param((*FOUR, "5=e", "6=f"), True, id="added at the end"),
        pytest.param((*FOUR, *(f"{number}=x" for number in range(5, 50))), True, id="many added at the end"),
        pytest.param(("1=a", "2=b", "2a=x", "3=c", "4=d"), True, id="inserted"),
        pytest.param(("1=a", "2=b", "4=d"), True, id="removed"),
        pytest.param(("1=a", "2=changed", "3=c", "4=d"), True, id="edited"),
        pytest.param(("1=changed", "2=b", "3=c", "4=d"), True, id="the first one edited"),
        pytest.param(("1=a", "2=b"), True, id="an earlier state"),
        pytest.param(("4=squashed", "5=e"), False, id="squashed into the last version"),
        pytest.param(("1=squashed",), False, id="squashed into the first version"),
        pytest.param(("2=b", "3=c", "4=d"), False, id="begins later"),
        pytest.param(("1=a", "3=c", "2=b", "4=d"), False, id="another order"),
        pytest.param(("1=x", "2=y", "3=z"), False, id="another product with the same numbers"),
        pytest.param((), False, id="nothing in common"),
    ],
)
def test_a_manifest_is_the_same_while_it_evolves(now: tuple[str, ...], is_same: bool) -> None:
    assert is_same_lineage(a_manifest(*FOUR), a_manifest(*now)) is is_same
    assert is_same_lineage(a_manifest(*now), a_manifest(*FOUR)) is is_same


def test_a_product_may_be_renamed() -> None:
    assert is_same_lineage(a_manifest(*FOUR, product="shop"), a_manifest(*FOUR, product="store"))


def test_documents_without_scripts_are_compared_by_versions_and_product() -> None:
    old = a_manifest(*FOUR, product="shop").model_copy(update={"scripts": ()})
    assert is_same_lineage(old, a_manifest(*FOUR, "5=e", product="shop"))
    assert not is_same_lineage(old, a_manifest(*FOUR, "5=e", product="clinic"))
    assert is_same_lineage(old, a_manifest("9=x", checksum=old.checksum))
