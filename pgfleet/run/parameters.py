"""The parameters that flows share, with the descriptions that Prefect's form shows."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from pgfleet.run.context import Granularity


@dataclass(frozen=True, slots=True)
class Described:
    """The description of a parameter in the form.

    `Field(description=…)` would have no effect: Prefect builds the form from a model in which each parameter has
    another Field, with a description from the docstring.
    """

    text: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The type's schema, with the description."""
        return {**handler(schema), "description": self.text}


Name = Annotated[str, Field(min_length=1)]
Label = Annotated[str, Field(pattern="^[^=]+=")]

EnvironmentName = Annotated[str, Described("Environment in the fleet file.")]
TenantNames = Annotated[list[Name] | None, Described("Only these tenants, by name or pattern: acme, acme-*.")]
RingNames = Annotated[list[Name] | None, Described("Only tenants in these rings.")]
Labels = Annotated[list[Label] | None, Described("Only tenants with these labels: region=eu, tier=g*.")]
Detail = Annotated[
    Granularity, Described("Record a task run for each step that matters (auto), for each step, or for each tenant.")
]
DryRun = Annotated[bool, Described("Run everything in transactions that are rolled back.")]
Approve = Annotated[bool, Described("Approve the plan without seeing it. Leave it off to be asked.")]
