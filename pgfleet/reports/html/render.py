"""From a template and values to one HTML file that needs no other: no network, no font, no script of anybody else's."""

import base64
import hashlib
import json
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

LOADER = PackageLoader("pgfleet.reports.html")
ENVIRONMENT = Environment(
    loader=LOADER,
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
"""What could end a script element, or a line of one, within JSON."""


def rendered(template: str, data: object, values: Mapping[str, object]) -> str:
    """The page. All values are escaped, whatever a tenant is named; `data` is embedded once as JSON.

    The policy of the page admits its own style and script by their digests, and nothing else: a browser that is shown
    a value as markup, by whatever fault of ours, runs nothing of it and asks nobody for anything.
    """
    style, script = _source("page.css"), _source("page.js")
    return ENVIRONMENT.get_template(template).render(
        **values,
        data=Markup(json_in_script(data)),  # noqa: S704 - escaped for where it stands
        policy=f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704 - our own
        script=Markup(script),  # noqa: S704 - our own
    )


def json_in_script(data: object) -> str:
    """JSON that can stand in a script element: no tag can be read in it."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(IN_SCRIPT)


def _source(name: str) -> str:
    return LOADER.get_source(ENVIRONMENT, name)[0]


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
