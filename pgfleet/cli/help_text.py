"""The text of `--help`: at most 80 columns, one sentence per line, the same at every width of the terminal."""

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

NAME_COLUMNS, COLUMNS = 24, 80
INDENT = "  "
EVERYWHERE = "Every command also takes --config FILE and --manifest FILE."


def help_of(command: Any, ctx: Any) -> str:
    """The help of a command or a group of Typer, whose context is `ctx`."""
    return "\n".join(_lines(command, ctx)) + "\n"


def _lines(command: Any, ctx: Any) -> Iterator[str]:
    yield f"Usage: {ctx.command_path} {' '.join(command.collect_usage_pieces(ctx)).replace('{', '').replace('}', '')}"
    yield ""
    yield inspect.cleandoc(command.help or "")
    records = [(each.param_type_name, _record(each, ctx)) for each in command.get_params(ctx) if not each.hidden]
    for kind, title in (("argument", "Arguments"), ("option", "Options")):
        yield from _section(title, [record for found, record in records if found == kind])
    if hasattr(command, "list_commands"):
        names = command.list_commands(ctx)
        yield from _section("Commands", [(name, _summary(command.get_command(ctx, name))) for name in names])
    yield ""
    if ctx.parent:
        yield EVERYWHERE
    if command.epilog:
        yield command.epilog


def _section(title: str, rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield f"{title}:"
    width = max((len(name) for name, _ in rows if len(name) <= NAME_COLUMNS), default=0)
    for name, text in rows:
        line = f"{INDENT}{name:{width}}{INDENT}{text}"
        if len(name) <= width and len(line) <= COLUMNS:
            yield line.rstrip()
        else:
            yield INDENT + name
            yield INDENT * 4 + text


def _record(parameter: Any, ctx: Any) -> tuple[str, str]:
    """The names and the value of an argument or option, and what it does."""
    extra = _extra(parameter, ctx)
    text = f"{parameter.help or ''}{f' [{extra}]' if extra else ''}"
    if parameter.param_type_name == "argument":
        return parameter.metavar or parameter.name.upper(), text
    # Typer has -h and --help in a set, whose order changes.
    names = ", ".join((*sorted(parameter.opts, key=len), *parameter.secondary_opts))
    return (names if parameter.is_flag else f"{names} {_value(parameter, ctx)}"), text


def _value(parameter: Any, ctx: Any) -> str:
    """`FILE`, or the choices: `table|json`."""
    found = str(parameter.display_type_rich(ctx=ctx)).strip("<>")
    return found if parameter.metavar or "|" in found else found.upper()


def _extra(parameter: Any, ctx: Any) -> str:
    """The default and the environment variable, if there are any to show."""
    shown = parameter.show_default if isinstance(parameter.show_default, str) else None
    default = parameter.get_default(ctx)
    if shown is None and default is not None and not parameter.is_flag and not isinstance(default, (list, tuple)):
        shown = str(getattr(default, "value", default))
    parts = [f"default: {shown}"] if shown else []
    if getattr(parameter, "show_envvar", False) and parameter.envvar:
        parts.append(f"env: {parameter.envvar}")
    return ", ".join(parts)


def _summary(command: Any) -> str:
    """The first sentence of a command's help."""
    return (command.help or "").strip().split("\n")[0].split(". ")[0].rstrip(".") + "."
