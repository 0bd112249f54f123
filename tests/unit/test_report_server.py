"""The server of the HTML pages: only pages, only for those who know the address, only under this machine's names."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pgfleet.cli.host_check import is_own_host
from pgfleet.cli.report_server import serve

KEY = "secret-part"
FOUND, BAD, MISSING = 200, 400, 404


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "audit-prod.html").write_text("<p>ready</p>")
    (folder / ".hidden.html").write_text("hidden")
    (folder / "note.txt").write_text("note")
    (tmp_path / "outside.html").write_text("outside")
    (folder / "link.html").symlink_to(tmp_path / "outside.html")
    server = serve(0, folder, KEY)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/{KEY}/audit-prod.html", FOUND),
        (f"/{KEY}/", FOUND),
        ("/", MISSING),
        ("/audit-prod.html", MISSING),
        ("/guess/audit-prod.html", MISSING),
        (f"/{KEY}/note.txt", MISSING),
        (f"/{KEY}/.hidden.html", MISSING),
        (f"/{KEY}/link.html", MISSING),
        (f"/{KEY}/..%2foutside.html", MISSING),
        (f"/{KEY}/../outside.html", MISSING),
    ],
)
def test_only_pages_are_served_and_only_to_those_who_know_the_address(address: str, path: str, status: int) -> None:
    assert httpx.get(address + path).status_code == status


def test_the_list_contains_the_pages_only(address: str) -> None:
    answer = httpx.get(f"{address}/{KEY}/")
    assert answer.text.count("<li>") == 1
    assert "audit-prod.html" in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_another_host_is_refused(address: str) -> None:
    assert httpx.get(f"{address}/{KEY}/", headers={"Host": "attacker.example"}).status_code == BAD
    assert httpx.post(f"{address}/{KEY}/").status_code == httpx.codes.NOT_IMPLEMENTED


@pytest.mark.parametrize("header", ["127.0.0.1:4200", "localhost:4200", "[::1]:4200", "10.1.2.3", "LOCALHOST."])
def test_addresses_and_the_names_of_this_machine_are_its_own(header: str) -> None:
    assert is_own_host(header)


@pytest.mark.parametrize("header", ["attacker.example", "127.0.0.1.attacker.example:4200", "localhost.example", ""])
def test_other_names_are_not(header: str) -> None:
    assert not is_own_host(header)
    assert is_own_host("prefect.internal:4200", "prefect.internal")
