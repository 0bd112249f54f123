"""A report is written completely or not at all."""

import os
import resource
import stat
from pathlib import Path

import pytest

from pgfleet.run.files import replace_file
from pgfleet.run.writable import writing_problem


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    for text in ("one", "two ü"):
        replace_file(file, text)
        assert file.read_text(encoding="utf-8") == text
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_reader_of_the_old_file_is_not_disturbed(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    replace_file(file, "old")
    with file.open() as reader:
        replace_file(file, "new")
        assert reader.read() == "old"


def test_what_cannot_be_written_whole_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    replace_file(file, "old")
    with pytest.raises(UnicodeEncodeError):
        replace_file(file, "new \ud800")
    assert file.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_replacing_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.touch()
    file.chmod(0o640)
    replace_file(file, "new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_symbolic_link_is_kept(tmp_path: Path) -> None:
    file, link = tmp_path / "report.html", tmp_path / "latest.html"
    file.touch()
    link.symlink_to(file)
    replace_file(link, "new")
    assert link.is_symlink()
    assert file.read_text() == "new"


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    replace_file(pipe, "new")
    assert os.read(reader, 10) == b"new"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_folder_without_room_is_found_before_the_run(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))
    try:
        assert writing_problem(tmp_path, 1_000) is None
        assert writing_problem(tmp_path, 2_000) == "File too large"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []
