"""The base of the documents' JSON objects."""

from pydantic import BaseModel, ConfigDict

from pgfleet.hazards.codes import HazardCode


class Entry(BaseModel):
    """A JSON object of a document."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ErrorEntry(Entry):
    """What went wrong, where in which script, and what to do next (`advice`)."""

    message: str
    sqlstate: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    advice: str | None = None


class StatementEntry(Entry):
    """One statement of a repair, and what it does to a table in use, in words and as codes."""

    sql: str
    hazards: tuple[str, ...] = ()
    hazard_codes: tuple[HazardCode, ...] = ()
