"""Reads Prefect's Secret blocks."""

import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from pgfleet.errors import PgfleetError

KIND = "secret"


def read_secret(name: str) -> str | None:
    """The text of the Secret block with that name; None if there is no such block or its value is not a text.

    This reads the API, because the block's own `get` turns a password that looks like a number into one. Raises
    PgfleetError if the API does not answer or refuses.
    """
    try:
        with get_client(sync_client=True) as client:
            document = client.read_block_document_by_name(name, KIND, include_secrets=True)
    except ObjectNotFound:
        return None
    except (httpx.HTTPError, RuntimeError) as error:
        cause = " ".join(str(error).split()) or type(error).__name__
        raise PgfleetError(f"the Secret block {name} cannot be read: Prefect's API cannot be used ({cause})") from None
    value = document.data.get("value")
    return value if isinstance(value, str) else None
