"""Writes docs/reference/*.md and docs/schemas/*.json from the code: .venv/bin/python docs/reference.py [FOLDER]."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pgfleet import errors
from pgfleet.cli.app import app
from pgfleet.cli.help_text import help_of
from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.schemas import DOCUMENTS, descriptions_of, parts_of, schema_of
from pgfleet.fleet.file import FleetDocument
from pgfleet.hazards.codes import ADVICE, MEANINGS
from pgfleet.judge.summary import Outcome
from pgfleet.manifest import source
from pgfleet.manifest.file import ManifestDocument
from pgfleet.manifest.model import Tool
from pgfleet.manifest.source.tools import LEDGERS
from pgfleet.reports.event_kinds import EVENT_KINDS, LABELS
from pgfleet.reports.openmetrics import METRICS
from pgfleet.rollout.repair_summary import RepairOutcome
from pgfleet.rollout.summary import RolloutOutcome

HERE = Path(__file__).parent
NOTE = "<!-- Written by docs/reference.py from the code: `make reference`. Do not edit. -->"
NAMES: Mapping[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    timedelta: "duration",
    datetime: "time (ISO 8601, UTC)",
    date: "date",
    NoneType: "null",
    Any: "any value",
}
COMMANDS = {"manifest-check": "manifest check"}
"""The command that writes a document, unless it has the document's name."""
UNITS_MS = (("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1))


def main(folder: Path = HERE) -> None:
    """Writes all pages and schemas below the folder."""
    for kind in ("reference", "schemas"):
        (folder / kind).mkdir(exist_ok=True)
    for name in DOCUMENTS:
        schema = json.dumps(schema_of(name), indent=1, ensure_ascii=False)
        (folder / "schemas" / f"{name}.json").write_text(f"{schema}\n", encoding="utf-8")
    for name, text in pages().items():
        (folder / "reference" / f"{name}.md").write_text(f"{NOTE}\n\n{text}\n", encoding="utf-8")


def pages() -> dict[str, str]:
    """The text of each page by its name."""
    return {
        **{f"{name}-document": "\n\n".join(document_page(name)) for name in DOCUMENTS},
        "fleet-file": "\n\n".join(file_page("The fleet file", FLEET_INTRODUCTION, FleetDocument)),
        "manifest-file": "\n\n".join(file_page("The manifest file", MANIFEST_INTRODUCTION, ManifestDocument)),
        "command-line": "\n\n".join(command_line_page()),
        "error-classes": "\n\n".join(error_page()),
        "events": "\n\n".join(events_page()),
        "outcomes": "\n\n".join(outcomes_page()),
        "migration-tools": "\n\n".join(tools_page()),
        "metrics": table(["metric", "labels", "value"], metric_rows(), METRICS_INTRODUCTION),
        "connection-failures": table(["code", "what happened", "what to do", "retried"], connect_rows(), FAILURES),
        "hazard-codes": table(["code", "meaning", "what to do instead"], hazard_rows(), HAZARDS),
    }


FLEET_INTRODUCTION = (
    "Every key of `fleet.toml`. `deployments/fleet.toml` is a complete example. An "
    'unknown key is an error. Durations are text: `"500ms"`, `"2s"`, `"5min"`, `"1h"`.'
)
MANIFEST_INTRODUCTION = (
    "Every key of `manifest.toml`. An unknown key is an error. [The manifest](../manifest-format.md) explains how the "
    "keys work together."
)
FAILURES = (
    "# Connection failures\n\nWhy a tenant is unreachable: `unreachable_because` in the documents. S is the server in "
    "the DSN, N the timeout, … the message of libpq, the server, or the pooler, in which `***` replaces secrets. "
    "[Errors](../errors.md#why-a-tenant-is-unreachable) says how often and how long pgfleet tries."
)
OUTCOMES: Mapping[str, type[Enum]] = {
    "Audits": Outcome,
    "Rollouts, seedings, adoptions, and reverts": RolloutOutcome,
    "Repairs": RepairOutcome,
}
TOOLS = (
    "The migration tools whose files `[source]` in the manifest can name ([rules](../manifest-format.md#source)). "
    "*Applied* says what the tool's ledger must contain."
)
EVENTS = (
    "The events that a run emits through Prefect when it ends, for [automations](../prefect.md#automations) and other "
    "consumers. The resource of an event is `pgfleet.environment.ENV`. Its labels are `pgfleet.environment`, and those "
    "below, with the prefix `pgfleet.`. Related resources are the flow run, and the first 50 tenants concerned, as "
    "`pgfleet.tenant.ENV.NAME` with the role `tenant`. A run that fails with an error, or is killed, emits none of "
    "these; Prefect then emits `prefect.flow-run.Failed` or `prefect.flow-run.Crashed`."
)
METRICS_INTRODUCTION = (
    "# Metrics\n\nThe metrics of an audit, for Prometheus: `pgfleet audit ENV --format openmetrics`, or `metrics_dir` "
    "in the fleet file ([how to collect them](../formats.md#collect-metrics)). All are gauges, and have the label "
    "`environment`. Zeros are written. Without a previous audit, there are no new and no resolved findings."
)
HAZARDS = (
    "# Hazard codes\n\nWhat a rollout's plan says about the statements of a script, the worst first. The codes are "
    "stable: policies, manifests, and documents use them. [Hazards](../hazards.md) says how pgfleet finds them, and "
    "how to deny or allow them."
)


def document_page(name: str) -> Iterator[str]:
    """A JSON document: its objects, and the keys of each."""
    model = DOCUMENTS[name]
    command = COMMANDS.get(name, name)
    yield f"# The {name.replace('-', ' ')} document"
    yield (
        f"`pgfleet {command} --format json` writes it. [JSON documents](../documents.md) has what all documents "
        f"have in common. JSON Schema: [`{name}.json`](../schemas/{name}.json)."
    )
    for each in parts_of(model):
        yield f"## {each.__name__}"
        yield from (" ".join(part.split()) for part in (each.__doc__ or "").split("\n\n"))
        texts = descriptions_of(each)
        rows = [[f"`{key}`", type_of(field.annotation), texts.get(key, "")] for key, field in each.model_fields.items()]
        yield table(["key", "type", "meaning"], rows)


def type_of(annotation: Any) -> str:  # noqa: PLR0911 (a list of cases)
    """A type in words; objects are links to their section."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_of(inner[0])
    if origin in {Union, UnionType}:
        return " or ".join(dict.fromkeys(map(type_of, inner)))
    if origin in {tuple, list, Sequence}:
        return f"array of {type_of(inner[0])}" if inner else "array"
    if origin in {dict, Mapping}:
        return f"object: {type_of(inner[0])} to {type_of(inner[1])}"
    if origin is Literal:
        return ", ".join(f"`{json.dumps(each)}`" for each in inner)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{each.value}`" for each in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return NAMES.get(annotation, str(annotation))


def file_page(title: str, introduction: str, model: type[BaseModel]) -> Iterator[str]:
    """A TOML file: its tables, and the keys of each."""
    yield f"# {title}"
    yield introduction
    for each in parts_of(model):
        texts = descriptions_of(each)
        name, about = table_name(each)
        yield f"## {name}"
        yield from [about] if about else []
        rows = [
            [f"`{field.alias or key}`", file_type_of(key, field, model), default_of(key, field), texts.get(key, "")]
            for key, field in each.model_fields.items()
        ]
        yield table(["key", "type", "default", "meaning"], rows)


def table_name(model: type[BaseModel]) -> tuple[str, str]:
    """How the file names a table, and what else the model's docstring says."""
    text = " ".join((model.__doc__ or "").split())
    found = re.match(r"(`[^`]+`)[:.,]? ?(.*)", text)
    return (found[1], found[2][:1].upper() + found[2][1:]) if found else ("Top level", text)


def file_type_of(key: str, field: FieldInfo, model: type[BaseModel]) -> str:
    """The type of a key; durations are text in the file, and milliseconds in the model. An absent key is None."""
    words = type_of(field.annotation).replace(" or null", "").replace("object: string to", "table of")
    for each in parts_of(model):
        name, _ = table_name(each)
        anchor = re.sub(r"[^\w-]", "", name.lower())
        words = words.replace(f"[{each.__name__}](#{each.__name__.lower()})", f"[{name}](#{anchor})")
    return words.replace("integer", "duration") if is_duration_key(key) or key == "soak" else words


def default_of(key: str, field: FieldInfo) -> str:
    """The default as the file would have it."""
    value = field.default
    if field.is_required():
        return "required"
    if value is None or value in ({}, []) or isinstance(value, BaseModel):
        return "none"
    if isinstance(value, timedelta):
        return f'`"{value.days}d"`'
    is_duration = isinstance(value, int) and not isinstance(value, bool) and is_duration_key(key)
    return f"`{json.dumps(duration(value) if is_duration else value, default=str)}`"


def is_duration_key(key: str) -> bool:
    """Whether an integer of the model is milliseconds, which the file has as text."""
    return key.endswith(("timeout", "silence")) or key in {"watch", "timeout"}


def duration(milliseconds: int) -> str:
    """The longest unit that gives a whole number."""
    unit, size = next((unit, size) for unit, size in UNITS_MS if milliseconds % size == 0)
    return f"{milliseconds // size}{unit}"


def command_line_page() -> Iterator[str]:
    """Every command, from its own help."""
    yield "# Command line"
    yield "The same as `pgfleet COMMAND --help`."
    root = typer.main.get_command(app)
    context = typer.Context(root, info_name="pgfleet", **root.context_settings)
    yield from command_section(root, context)


def command_section(command: Any, context: typer.Context) -> Iterator[str]:
    """A command, and those within it."""
    yield f"## {context.command_path}"
    yield f"```text\n{help_of(command, context).strip()}\n```"
    for name, inner in getattr(command, "commands", {}).items():
        yield from command_section(inner, typer.Context(inner, info_name=name, parent=context))


def error_page() -> Iterator[str]:
    """The tree of errors, from the docstring of pgfleet/errors.py."""
    yield "# Error classes"
    yield "From `pgfleet/errors.py`. [Errors](../errors.md) says what to do about their messages."
    _, tree, notes = (errors.__doc__ or "").split("\n\n")
    yield f"```text\n{tree}\n```"
    yield " ".join(notes.split())
    classes = sorted(each.__name__ for each in all_errors() if each.transient)
    yield f"pgfleet retries {', '.join(f'`{each}`' for each in classes)}."


def all_errors(root: type[errors.PgfleetError] = errors.PgfleetError) -> Iterator[type[errors.PgfleetError]]:
    """The class and those that derive from it."""
    yield root
    for each in root.__subclasses__():
        yield from all_errors(each)


def events_page() -> Iterator[str]:
    """The events, their labels, and their payloads."""
    yield "# Events"
    yield EVENTS
    payloads = dict.fromkeys(each.payload for each in EVENT_KINDS)
    rows = [
        [
            f"`{each.name}`",
            each.emitted_when,
            ", ".join(f"`{label}`" for label in each.labels),
            payload_link(each.payload),
        ]
        for each in EVENT_KINDS
    ]
    yield table(["event", "emitted when", "labels", "payload"], rows)
    yield "## Labels"
    yield table(["label", "values"], [[f"`pgfleet.{name}`", text] for name, text in LABELS.items()])
    for payload in payloads:
        texts, types = descriptions_of(payload), get_type_hints(payload)
        yield f"## {payload.__name__}"
        yield payload.__doc__ or ""
        yield table(["key", "type", "meaning"], [[f"`{key}`", type_of(types[key]), texts[key]] for key in types])


def outcomes_page() -> Iterator[str]:
    """The outcomes of audits, rollouts, and repairs."""
    yield "# Outcomes"
    yield (
        "How a run ended: `outcome` in the documents, and the name of the run's final state in Prefect. The commands' "
        "help has the [exit statuses](command-line.md)."
    )
    for title, outcomes in OUTCOMES.items():
        texts = descriptions_of(outcomes)
        yield f"## {title}"
        yield table(["outcome", "meaning"], [[f"`{each.value}`", texts[each.name]] for each in outcomes])


def tools_page() -> Iterator[str]:
    """Each migration tool, from the docstring of its module."""
    yield "# Migration tools"
    yield TOOLS
    for tool in Tool:
        module = import_module(f"{source.__name__}.{tool.replace('-', '_').removesuffix('_sql')}")
        summary, _, rest = (module.__doc__ or "").strip().partition("\n\n")
        yield f"## {tool}"
        yield re.sub(r"([\w-]+(?: \w+)*) \((https://[^)]+)\)", r"[\1](\2)", summary)
        yield f"{rest}\n- Ledger: `{LEDGERS[tool].default_table}`." if tool in LEDGERS else rest


def payload_link(payload: type) -> str:
    """A link to the section of a payload."""
    return f"[{payload.__name__}](#{payload.__name__.lower()})"


def metric_rows() -> list[list[str]]:
    """Each metric, its labels, and its meaning."""
    return [
        [f"`{name}`", ", ".join(f"`{label}`" for label in each.labels), each.meaning] for name, each in METRICS.items()
    ]


def hazard_rows() -> list[list[str]]:
    """Each code, what a statement with it does, and what to do instead."""
    return [[f"`{code}`", meaning, ADVICE[code]] for code, meaning in MEANINGS.items()]


def connect_rows() -> list[list[str]]:
    """The reasons for which a connection fails."""
    return [
        [
            f"`{each}`",
            each.describe("S", "…").partition(": ")[2].replace("0 s", "N s"),
            each.advice,
            "no" if each.is_final else "yes",
        ]
        for each in ConnectFailure
    ]


def table(headings: list[str], rows: list[list[str]], introduction: str = "") -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(each) + " |" for each in (headings, ["---"] * len(headings), *map(escaped, rows))]
    return "\n".join([*([introduction, ""] if introduction else []), *lines])


def escaped(row: list[str]) -> list[str]:
    """The cells without characters that end them."""
    return [cell.replace("|", "\\|") for cell in row]


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
