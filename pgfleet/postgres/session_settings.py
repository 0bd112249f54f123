"""The settings of every transaction: limits, formats, and the search path; and how a script's are reset."""

from collections.abc import Sequence

import psycopg.sql

from pgfleet.postgres.connection import STANDARD_SETTINGS, Connection, Limits
from pgfleet.postgres.query import Query, bind
from pgfleet.run.shipped import statement

OUTPUT_FORMATS = {
    # A database or a role may have its own defaults, and catalogs are compared as the server writes them.
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    "bytea_output": "hex",
    "jit": "off",  # compiling a catalog query takes longer than running it
    "client_min_messages": "error",  # nobody reads notices, of which a tenant's function may raise any number
    "row_security": "off",  # rows that a policy hides are an error, not a smaller number
}
SCRIPT_SETTINGS = {
    # The server's own defaults of what decides how a script is read, and so which objects it creates.
    "array_nulls": "on",
    "transform_null_equals": "off",
    "backslash_quote": "safe_encoding",
    "check_function_bodies": "on",
    "xmloption": "content",
    "lc_monetary": "C",  # money is written without a currency
}
HOME_PATH = "pgfleet.home_path"
"""The setting with the search path of a tenant's scripts."""
USE_SERVER_PATH = "SET LOCAL search_path TO pg_catalog, pg_temp"
"""For pgfleet's own queries: no function, operator, or type of the tenant's is found."""
USE_HOME_PATH = (
    f"SELECT WHERE pg_catalog.set_config('search_path', pg_catalog.current_setting('{HOME_PATH}'), true) IS NULL"
)
"""For what the manifest contains. Returns no row and no column."""
NO_TRANSACTION_TIMEOUT = (
    "CASE WHEN pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL "
    "THEN pg_catalog.set_config('transaction_timeout', '0', true) END"
)
"""A migration may take longer than the product's transactions. PostgreSQL has the setting since 17."""

TIMEOUT_SETTING = "statement_timeout"
SHOW_TIMEOUT = f"SHOW {TIMEOUT_SETTING}"
UNITS_MS = {"": 1, "ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}

UNLOCK_ALL = "SELECT pg_catalog.pg_advisory_unlock_all()"
RESETS = (
    # After a script, because a pooler may hand the server's session on. RESET ALL returns to what the session began
    # with; behind a pooler that is not what we began with.
    "RESET SESSION AUTHORIZATION",
    "RESET ROLE",
    "RESET ALL",
    *(text for _, _, text in STANDARD_SETTINGS),
    "SET client_encoding TO 'UTF8'",
    "DISCARD TEMPORARY",
    "UNLISTEN *",
)
RESET_SESSION = "; ".join(RESETS)


def search_path(home: str, extensions: Sequence[str], managed_names: Sequence[str], connection: Connection) -> Query:
    """An expression for the search path: the home schema, and then the schemas of the extensions.

    The server looks those up. A schema that contains one of the `managed_names` is another tenant's and is left out.
    """
    if not extensions:
        return Query("%(home)s", {"home": psycopg.sql.Identifier(home).as_string(connection)})
    parameters = {"home": home, "extensions": [*extensions], "managed_names": [*managed_names]}
    return Query(f"({statement('introspection/search_path')})", parameters)


def transaction_settings(limits: Limits, path: Query) -> Query:
    """Applies the limits and the output formats to the current transaction, and stores `path` as its home path."""
    settings = {**OUTPUT_FORMATS, **SCRIPT_SETTINGS, **_limit_settings(limits)}
    calls = [f"pg_catalog.set_config('{name}', %({name})s, true)" for name in settings]
    calls.append(f"pg_catalog.set_config('{HOME_PATH}', {path.text}, true)")
    calls.append(NO_TRANSACTION_TIMEOUT)
    return Query(f"SELECT WHERE pg_catalog.concat({', '.join(calls)}) IS NULL", {**settings, **(path.parameters or {})})


def set_search_path(path: Query, connection: Connection, *, is_local: bool) -> str:
    """The statement that sets the search path, for the current transaction if `is_local`."""
    return f"SELECT pg_catalog.set_config('search_path', {bind(path, connection)}, {str(is_local).lower()})"


def set_limits(limits: Limits) -> str:
    """Statements that apply the limits and `SCRIPT_SETTINGS` to the session, for a statement outside a transaction."""
    settings = {**SCRIPT_SETTINGS, **_limit_settings(limits)}
    return "; ".join(f"SET {name} TO '{value}'" for name, value in settings.items())


def statement_timeout_ms(shown: str) -> int:
    """The value of `SHOW statement_timeout`, such as `0`, `500ms`, or `2h`, in milliseconds."""
    digits = shown.rstrip("".join(UNITS_MS))
    return int(digits) * UNITS_MS[shown.removeprefix(digits)]


def lock_first(limits: Limits, lock: str) -> str:
    """Takes locks at the beginning of a transaction, within the limits. No statement of it needs a snapshot."""
    limited = [f"SET LOCAL {name} TO '{value}'" for name, value in _limit_settings(limits).items()]
    return "; ".join([*limited, lock]) if lock else ""


def _limit_settings(limits: Limits) -> dict[str, str]:
    return {
        "statement_timeout": f"{limits.statement_timeout_ms}ms",
        "lock_timeout": f"{limits.lock_timeout_ms}ms",
        "idle_in_transaction_session_timeout": f"{limits.idle_in_transaction_timeout_ms}ms",
    }
