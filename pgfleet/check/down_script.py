"""Whether a down script leads back to the position before its migration, and the migration from there."""

from pgfleet.catalog.objects import ObjectKind
from pgfleet.catalog.residue import Residue, describe_residue
from pgfleet.check.evidence import DownRun
from pgfleet.check.second_run import HOME
from pgfleet.documents.manifest_proof import DownEntry


def judge_down_run(run: DownRun) -> DownEntry:
    """A down script reverts its migration if nothing is left, and the migration then does what it did.

    An extension may remain: other parts of the database may use it.
    """
    own = tuple(each for each in run.residue.left if each.identity.kind is not ObjectKind.EXTENSION)
    residue = Residue(left=own, missing=run.residue.missing, changed=run.residue.changed)
    problems = [
        f"fails: {run.error}" if run.error else describe_residue(residue, HOME),
        f"is followed by a failure of the migration: {run.error_again}" if run.error_again else "",
        f"is followed by a migration that {describe_residue(run.again, HOME)}" if run.again else "",
    ]
    detail = "; ".join(filter(None, problems))
    return DownEntry(reverts=not detail, detail=detail or None)
