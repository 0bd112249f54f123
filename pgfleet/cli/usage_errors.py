"""What is wrong with a command line, in one line."""

from typer import TyperException

from pgfleet.hidden_characters import show_hidden
from pgfleet.wording import shortened

MOST_CHARACTERS = 500


def usage_problem(error: TyperException) -> str:
    """The command, its problem, and how to see its help, from an error of Typer, which has the context as `ctx`."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "pgfleet"
    problem = shortened(show_hidden(_problem(error)), MOST_CHARACTERS)
    separator = " " if problem.endswith("?") else ". "
    return f"{command}: {problem}{separator}See {command} --help"


def _problem(error: TyperException) -> str:
    if name := getattr(error, "option_name", None):
        possible = getattr(error, "possibilities", None)
        if possible is not None:
            closest = next(iter(possible), None)  # Typer lists the most similar one first
            return f"no such option {name}" + (f"; did you mean {closest}?" if closest else "")
    text = error.format_message().replace("Value error, ", "").replace("Input should", "must")  # pydantic's words
    text = text.partition(", unable to parse")[0].replace(". Did you mean", "; did you mean")
    return text[:1].lower() + text[1:].removesuffix(".")
