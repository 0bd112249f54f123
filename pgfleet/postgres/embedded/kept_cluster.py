"""An embedded PostgreSQL server whose data is kept from one start to the next."""

from collections.abc import Mapping
from pathlib import Path

from pgfleet.postgres.embedded.cluster import Cluster, ClusterFailed

SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "off",  # a crash of the machine may lose the last moments, but not the database
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "log_checkpoints": "off",
    "log_min_messages": "fatal",  # the log is in the data folder, and nobody rotates it
}


class KeptCluster(Cluster):
    """A server with its data and its password in a folder, which the first start creates.

    As root, the server runs as another account, which must be able to reach the folder. Raises ClusterFailed if the
    data is incomplete or belongs to another major version.
    """

    def __init__(self, folder: Path, binaries: Path) -> None:
        self._password_file = folder / "password"
        super().__init__(binaries, folder / "data", SETTINGS)

    def _initialise(self, settings: Mapping[str, str]) -> None:
        version_file = self.data_dir / "PG_VERSION"
        if not version_file.exists():
            self._make_reachable(self.data_dir.parent)
            super()._initialise(settings)
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(self.password, encoding="utf-8")
            return
        if not self._password_file.exists():
            raise ClusterFailed(f"{self.data_dir} is incomplete: remove {self.data_dir.parent} to start over")
        if (version := version_file.read_text().strip()) != str(self.major):
            problem = f"{self.data_dir} was created by PostgreSQL {version}, and the embedded one is {self.major}"
            raise ClusterFailed(f"{problem}: move {self.data_dir.parent} away to start over, or use another database")
        self.password = self._password_file.read_text(encoding="utf-8")

    def _make_reachable(self, folder: Path) -> None:
        """Creates the folder for this user only; as root, lets the server's account pass through it."""
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in missing:
            each.chmod(0o711 if self._account.uid is not None else 0o700)
