"""The base of the documents' JSON objects."""

from pydantic import BaseModel, ConfigDict


class Entry(BaseModel):
    """A JSON object of a document."""

    model_config = ConfigDict(frozen=True, extra="ignore")
