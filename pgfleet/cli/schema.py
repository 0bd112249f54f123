"""The command `schema`: the JSON Schemas of the documents."""

import json
from typing import Annotated

import typer

from pgfleet.cli.options import OutputFile, check_writable
from pgfleet.errors import ConfigurationError
from pgfleet.wording import did_you_mean


def _complete_names(incomplete: str) -> list[str]:
    from pgfleet.documents.schemas import DOCUMENTS

    return [each for each in DOCUMENTS if each.startswith(incomplete)]


def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Document: audit, rollout, …", autocompletion=_complete_names)
    ] = None,
    output: OutputFile = None,
) -> None:
    """Show the JSON Schema of a document.

    Without NAME, lists the documents.

    Exit status:
    0  the schema or the list was written
    2  there is no such document
    """
    from pgfleet.cli.output import write_text
    from pgfleet.documents.schemas import DOCUMENTS, schema_of

    check_writable(output)
    if name is None:
        write_text("".join(f"{each}\n" for each in DOCUMENTS), output)
        return
    if name not in DOCUMENTS:
        known = did_you_mean(name, DOCUMENTS) or f"; the documents are {', '.join(DOCUMENTS)}"
        raise ConfigurationError("schema", "", f"there is no document '{name}'{known}")
    write_text(json.dumps(schema_of(name), indent=2) + "\n", output)
