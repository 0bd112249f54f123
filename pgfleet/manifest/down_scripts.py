"""The script that reverts a migration, from what a file contains for that."""

from pgfleet.manifest.checksums import script_checksum
from pgfleet.manifest.model import DownScript, Script
from pgfleet.manifest.script import read_script
from pgfleet.manifest.statements import split
from pgfleet.manifest.text import Unusable


def build_down(path: str, sql: str | Unusable, shown_folders: int = 0) -> DownScript | None:
    """The script with what runs of the file at `path`; None if that contains no statement.

    It runs in a transaction unless a statement of it cannot, whatever the tool does: only then is it proven before it
    is committed.
    """
    if isinstance(sql, Unusable):
        return DownScript(script=_script(path, "", shown_folders), problem=str(sql))
    try:
        runnable = read_script(sql, transactional=None)
    except Unusable as error:
        return DownScript(script=_script(path, sql, shown_folders), problem=str(error))
    if not split(runnable.sql):
        return None
    return DownScript(script=_script(path, runnable.sql, shown_folders), transactional=runnable.transactional)


def _script(path: str, sql: str, shown_folders: int) -> Script:
    return Script(path=path, sql=sql, checksum=script_checksum(sql), text=sql, shown_folders=shown_folders)
