"""The page of the walkthrough is what its commands print."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from fixtures.command import run_here

DOCS = Path(__file__).parents[2] / "docs"


def test_the_walkthrough_is_current(prefect_api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    spec = spec_from_file_location("walkthrough", DOCS / "walkthrough" / "walkthrough.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path / "page.md", run_here)
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == (DOCS / "walkthrough.md").read_text(encoding="utf-8")
