"""A folder with the migrations of a tool, as its users have it, and pgfleet's manifest."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.tools.real_tools import RealTool
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.manifest.names import FOLDER_SCRIPTS
from pgfleet.manifest.source.sqitch import PLAN, read_plan
from pgfleet.run.files import load_manifest

SOURCES = Path(__file__).parents[2] / "tests" / "sources"
SUPPORT = Path(__file__).parent / "support"


@dataclass(frozen=True, kw_only=True)
class Project:
    """The folder of a real tool's project."""

    real: RealTool
    folder: Path

    @property
    def migrations(self) -> Path:
        """The folder with the migrations."""
        return self.folder / self.real.source

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest that `pgfleet manifest init` writes, with `write = true` where pgfleet can write the ledger."""
        path = self.folder / "manifest.toml"
        path.unlink(missing_ok=True)
        command = [str(Path(sys.executable).with_name("pgfleet")), "manifest", "init", str(self.migrations)]
        options = ["--output", str(path), "--tool", self.real.tool]
        done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"manifest init: {done.stdout}{done.stderr}")
        path.write_text(path.read_text(encoding="utf-8").replace("# write = true", "write = true"), encoding="utf-8")
        return load_manifest(path)

    def first(self, count: int, folder: Path) -> "Project":
        """A copy of the project without the files of the migrations after the first `count`."""
        shutil.copytree(self.folder, folder)
        found = Project(real=self.real, folder=folder)
        later = self.manifest.migrations[count:]
        if (plan := found.migrations / PLAN).exists():
            _, changes = read_plan(plan.read_text(encoding="utf-8"))
            lines = plan.read_text(encoding="utf-8").splitlines(keepends=True)
            plan.write_text("".join(lines[: changes[count].line - 1]), encoding="utf-8")
        for each in later:
            for path in found._files(each):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return found

    def _files(self, migration: Migration) -> list[Path]:
        """The migration's file and those with the same number, such as the one that undoes it."""
        path = self.folder / migration.script.path
        path = path.parent if path.name in FOLDER_SCRIPTS else path
        number = re.match(r"\d+", path.name)
        if not number:
            return [path]
        return [each for each in path.parent.iterdir() if re.match(rf"{number[0]}(?!\d)", each.name)]


def create_project(real: RealTool, folder: Path) -> Project:
    """A project with the files of tests/sources, and the extra one, or with the tool's own files."""
    files = SUPPORT / real.files if real.files else SOURCES / real.tool
    shutil.copytree(files, folder / real.copied_to, dirs_exist_ok=True)
    found = Project(real=real, folder=folder)
    if real.extra:
        name, text = real.extra
        (found.migrations / name).parent.mkdir(exist_ok=True)
        (found.migrations / name).write_text(text, encoding="utf-8", newline=real.line_end)
    return found
