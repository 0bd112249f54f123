"""Whether a down script reverts its migration."""

from unit.literals import a_table, an_object

from pgfleet.catalog.objects import ObjectKind
from pgfleet.catalog.residue import Residue
from pgfleet.check.evidence import DownRun
from pgfleet.check.judgment import judge_down_run
from pgfleet.documents.manifest_proof import DownEntry


def test_a_down_script_that_leaves_nothing_reverts() -> None:
    assert judge_down_run(DownRun()) == DownEntry(reverts=True)


def test_an_extension_may_remain() -> None:
    extension = an_object(ObjectKind.EXTENSION, "pgcrypto")
    assert judge_down_run(DownRun(residue=Residue(left=(extension,)))).reverts is True


def test_an_error_is_the_detail() -> None:
    found = judge_down_run(DownRun(error="1.down.sql, line 1 column 1: no"))
    assert found == DownEntry(reverts=False, detail="fails: 1.down.sql, line 1 column 1: no")


def test_what_the_migration_does_afterwards_counts_too() -> None:
    found = judge_down_run(DownRun(again=Residue(missing=(a_table("one"),))))
    assert found.detail == "is followed by a migration that does not restore table public.one"
    found = judge_down_run(DownRun(residue=Residue(left=(a_table("two"),)), error_again="it exists"))
    assert found.detail == "leaves behind table public.two; is followed by a failure of the migration: it exists"
