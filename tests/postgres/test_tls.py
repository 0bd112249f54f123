"""TLS with a verified certificate works, and every problem with it has its own reason."""

import pytest
from fixtures.binaries import BINARIES
from fixtures.rollout import Subject
from fixtures.servers import started
from fixtures.tls import HOST, EncryptedServer

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import Verdict
from pgfleet.documents.rollout import Result
from pgfleet.errors import AccessRefused, DatabaseError
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session

WITH_TLS = [name for name in BINARIES if name != "embedded"]
on_servers_with_tls = pytest.mark.parametrize("server", WITH_TLS, indirect=True)


def error_of(dsn: Dsn) -> DatabaseError:
    with Session(dsn) as session, pytest.raises(DatabaseError) as caught:
        session.fetch(Query("SELECT 1"))
    return caught.value


def test_a_server_without_required_tls_has_its_own_reason() -> None:
    """On a server of its own: the other tests enable TLS on theirs, which may be any version."""
    with started(embedded_binaries()) as server:
        error = error_of(Dsn(f"{server.cluster.dsn()}?sslmode=require"))
    assert (type(error), error.connect_failure) == (AccessRefused, ConnectFailure.NO_TLS)
    assert "does not support TLS, and the DSN requires it" in str(error)


@on_servers_with_tls
def test_rollout_and_audit_work_with_a_verified_certificate(
    encrypted: EncryptedServer, empty_database: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    subject = Subject(server=encrypted, database=empty_database, manifest=shipped_manifest, expected=expected)
    assert subject.roll_out().result is Result.DONE
    assert subject.audit().verdict is Verdict.READY
    with Session(encrypted.dsn(empty_database)) as session:
        assert session.fetch(Query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")) == [[(True,)]]


@on_servers_with_tls
@pytest.mark.parametrize(
    ("host", "root", "because"),
    [
        pytest.param(HOST, "other.pem", ConnectFailure.CERTIFICATE_NOT_VERIFIED, id="another authority's root"),
        pytest.param(HOST, "none.pem", ConnectFailure.CERTIFICATE_NOT_VERIFIED, id="no root at all"),
        pytest.param("127.0.0.1", "root.pem", ConnectFailure.WRONG_HOST_NAME, id="another name than the certificate's"),
    ],
)
def test_an_unverified_certificate_has_its_own_reason(
    encrypted: EncryptedServer, host: str, root: str, because: ConnectFailure
) -> None:
    direct = Dsn(encrypted.cluster.dsn())
    error = error_of(encrypted.by(direct, host=host, root=encrypted.root.with_name(root)))
    assert (type(error), error.connect_failure) == (AccessRefused, because)
    assert str(error).startswith(f"{because.replace('_', ' ')}: ")
    assert f"the certificate of {host}:" in str(error)
    assert str(error).endswith(because.advice)
