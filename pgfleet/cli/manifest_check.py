"""Runs the check of a manifest from the command line."""

from pathlib import Path

from rich.console import Console

from pgfleet.check.judgment import EXIT_STATUS
from pgfleet.cli.output import write
from pgfleet.cli.run_flow import document_of
from pgfleet.reports.render import terminal
from pgfleet.reports.views.manifest_proof import proof_view
from pgfleet.run import files, settings


def run_manifest_check(environment: str | None, *, as_json: bool, output: Path | None) -> int:
    """Proves the manifest, writes what was proven, and returns the exit status.

    Raises ManifestError before anything is begun, and PgfleetError if it broke off.
    """
    files.load_manifest(settings.Settings().manifest_file)
    settings.prepare_prefect()
    from pgfleet.flows.check_manifest import check_manifest  # noqa: PLC0415
    from pgfleet.tasks.support.results import MANIFEST_PROOF  # noqa: PLC0415

    where = f"a server of {environment}" if environment else "the embedded server"
    Console(stderr=True).print(f"manifest check: in scratch databases on {where} …", highlight=False)
    proof = document_of(check_manifest, MANIFEST_PROOF, environment=environment)
    write(proof, terminal.render(proof_view(proof)), as_json=as_json, output=output)
    return EXIT_STATUS[proof.outcome]
