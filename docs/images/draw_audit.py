"""Draws audit.svg: what an audit of the demo's fleet prints."""

import re
import tempfile
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from pgfleet.cli.audit import run_audit
from pgfleet.cli.demo import make_fleet
from pgfleet.documents.audit import AuditDocument
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.embedded.demo_fleet import ENVIRONMENT
from pgfleet.reports.render import terminal
from pgfleet.reports.views.audit import audit_view
from pgfleet.run.files import load_manifest
from pgfleet.run.shipped import sql_folder

BACKGROUND, TEXT, GRAY = (24, 26, 31), (222, 226, 232), (120, 126, 136)
RED, GREEN, YELLOW = (255, 110, 110), (118, 210, 118), (240, 196, 80)
BLUE, MAGENTA, CYAN = (110, 160, 255), (226, 136, 226), (90, 200, 210)
THEME = TerminalTheme(BACKGROUND, TEXT, [BACKGROUND, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, TEXT], [GRAY])
# The reader's own monospace font, instead of one that is loaded from the network.
FORMAT = re.sub(r"\s*@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace("Fira Code, ", "")


def audit_demo() -> AuditDocument:
    """The document of the first audit of the demo's fleet, created for this purpose."""
    with Cluster(embedded_binaries()) as cluster, tempfile.TemporaryDirectory() as folder:
        make_fleet(cluster, Path(folder), Console(stderr=True))
        return run_audit(ENVIRONMENT, compare=False)


def draw(document: AuditDocument) -> str:
    """The terminal report as SVG."""
    console = Console(
        record=True, width=128, file=StringIO(), force_terminal=True, color_system="truecolor", highlight=False
    )
    console.print(terminal.render(audit_view(document, load_manifest(sql_folder() / "manifest.toml"))))
    return console.export_svg(title="pgfleet", theme=THEME, code_format=FORMAT, unique_id="audit")


if __name__ == "__main__":
    Path(__file__).with_name("audit.svg").write_text(draw(audit_demo()), encoding="utf-8")
