"""Serves the HTML pages of runs on this machine: `python -m pgfleet.cli.report_server PORT FOLDER`.

The address contains a secret, as other users of this machine can connect, too. It is in the environment variable `KEY`,
because arguments of processes are visible to everybody.
"""

import hmac
import html
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

from pgfleet.cli.host_check import is_own_host
from pgfleet.run import settings
from pgfleet.run.audit_histories import FLEET_PAGE

KEY = "PGFLEET_REPORTS_KEY"
ADDRESS = "127.0.0.1"
SUFFIX = ".html"
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
INDEX = "<!doctype html><html lang=en><meta charset=utf-8><title>pgfleet</title><h1>Pages of runs</h1><ul>{items}</ul>"


class ReportHandler(BaseHTTPRequestHandler):
    """Answers GET for the fleet page (or without one, a list) and for each page; everything else is not found."""

    folder: Path
    key: str

    def do_GET(self) -> None:
        """Sends a page."""
        key, _, name = unquote(self.path).removeprefix("/").partition("/")
        if len(self.headers.get_all("Host", [])) != 1 or not is_own_host(self.headers["Host"]):
            self.send_error(HTTPStatus.BAD_REQUEST)
        elif not hmac.compare_digest(key.encode(), self.key.encode()):
            self.send_error(HTTPStatus.NOT_FOUND)
        elif not name and FLEET_PAGE not in _names(self.folder):
            self._send(_index(self.folder))
        elif (name or FLEET_PAGE) in _names(self.folder):
            self._send((self.folder / (name or FLEET_PAGE)).read_bytes())
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _send(self, body: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        for name, value in {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Logs nothing: the path contains the secret."""


def _names(folder: Path) -> list[str]:
    """The names of the pages, the latest first; no hidden files, links, or folders."""
    pages = [each for each in folder.glob(f"[!.]*{SUFFIX}") if each.is_file() and not each.is_symlink()]
    return [each.name for each in sorted(pages, key=lambda each: each.stat().st_mtime, reverse=True)]


def _index(folder: Path) -> bytes:
    items = "".join(f"<li><a href='{quote(name)}'>{html.escape(name)}</a>" for name in _names(folder))
    return INDEX.format(items=items).encode()


def serve(port: int, folder: Path, key: str) -> ThreadingHTTPServer:
    """A server on the loopback address, which its caller runs."""
    handler = type("Handler", (ReportHandler,), {"folder": folder, "key": key})
    return ThreadingHTTPServer((ADDRESS, port), handler)


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]), settings.variables()[KEY]).serve_forever()
