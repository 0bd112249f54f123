"""The parameters that runs have in common, as Prefect's form and its API know them."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from pgfleet.run.context import Granularity


@dataclass(frozen=True, slots=True)
class Described:
    """What the form says of a parameter.

    Not by `Field(description=…)`: Prefect makes the form of a model in which each parameter has a Field of its own, and
    that one's description is the docstring's or none.
    """

    text: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The type's own, and the text."""
        return {**handler(schema), "description": self.text}


Name = Annotated[str, Field(min_length=1)]
Label = Annotated[str, Field(pattern="^[^=]+=")]

EnvironmentName = Annotated[str, Described("Which environment of the fleet file.")]
TenantNames = Annotated[list[Name] | None, Described("These tenants alone, by name or pattern: acme, acme-*.")]
RingNames = Annotated[list[Name] | None, Described("Tenants of these rings alone.")]
Labels = Annotated[list[Label] | None, Described("Tenants with these labels alone: region=eu, tier=g*.")]
Detail = Annotated[
    Granularity, Described("What is a task run of its own: each step, or a tenant as a whole (for very large fleets).")
]
DryRun = Annotated[bool, Described("In transactions that are rolled back: nothing is left.")]
Approve = Annotated[bool, Described("Approve the plan, whatever it is. Leave it off to be asked.")]
