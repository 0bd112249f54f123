"""Unrelated objects in a tenant do not matter, and tables that the role may not read are unknown."""

import pytest
from fixtures.everything import Beginning
from fixtures.servers import Server, apply_manifest

from pgfleet.documents.audit import Verdict
from pgfleet.postgres.read.audit import audit

pytestmark = pytest.mark.every_version

BEFORE = """
CREATE SCHEMA crm;
CREATE SCHEMA tools;
CREATE EXTENSION hstore;
CREATE EXTENSION citext SCHEMA tools;
ALTER DATABASE {database} SET search_path = crm, public;
ALTER DATABASE {database} SET quote_all_identifiers = on;
ALTER DATABASE {database} SET DateStyle = 'German, DMY';
ALTER ROLE postgres IN DATABASE {database} SET search_path = tools, crm;
ALTER DEFAULT PRIVILEGES FOR ROLE everything_stranger GRANT ALL ON TABLES TO PUBLIC, everything_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE everything_stranger GRANT ALL ON FUNCTIONS TO everything_reader;
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL);
DO $$
BEGIN
  FOR n IN 1..200 LOOP
    EXECUTE format(
      'CREATE TABLE %I.%I (id serial PRIMARY KEY, parent integer REFERENCES public.users, name text DEFAULT %L UNIQUE)',
      CASE WHEN n % 2 = 0 THEN 'public' ELSE 'crm' END, 'product_' || n, 'none'
    );
  END LOOP;
END
$$;
CREATE TYPE crm.order_status AS ENUM ('open');
CREATE DOMAIN crm.amount AS integer;
CREATE TABLE crm.customers (id integer PRIMARY KEY, name text);
CREATE TABLE crm.ai_messages (id integer);
CREATE VIEW crm.open_orders AS SELECT * FROM crm.customers;
CREATE FUNCTION crm.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION crm.masked(secret text) RETURNS text LANGUAGE sql AS $$ SELECT secret $$;
CREATE POLICY customers_seen ON crm.customers USING (true);
CREATE TRIGGER orders_touch BEFORE UPDATE ON crm.customers FOR EACH ROW EXECUTE FUNCTION crm.touch();
CREATE INDEX orders_placed ON crm.customers (name);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE pair AS (a integer, b mood);
CREATE AGGREGATE together(integer) (sfunc = int4pl, stype = integer);
CREATE SEQUENCE invoice_numbers;
CREATE TABLE measured (at date NOT NULL, value numeric) PARTITION BY RANGE (at);
CREATE TABLE measured_2026 PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
"""
"""What is there before the manifest is run."""

AFTER = {
    "shipped": """
        CREATE VIEW latest AS SELECT * FROM ai_conversations ORDER BY last_message_at DESC LIMIT 10;
        CREATE MATERIALIZED VIEW talkative AS SELECT count(*) FROM ai_messages;
        CREATE TABLE archived_messages () INHERITS (ai_messages);
        GRANT ALL ON ALL TABLES IN SCHEMA public, ai_guardrails TO everything_stranger;
        ALTER TABLE ai_messages OWNER TO everything_stranger;
        ALTER SCHEMA ai_guardrails OWNER TO everything_stranger;
        """,
    "everything": """
        CREATE VIEW latest AS SELECT * FROM orders ORDER BY placed_at DESC LIMIT 10;
        CREATE TABLE archived_documents () INHERITS (documents);
        CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
        CREATE INDEX events_2027_what ON events_2027 (what);
        CREATE FUNCTION refund(amount) RETURNS amount LANGUAGE sql AS $$ SELECT $1 $$;
        CREATE TABLE refunds (order_id bigint REFERENCES orders, total amount, status order_status);
        GRANT ALL ON ALL TABLES IN SCHEMA public, vault TO everything_stranger;
        GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO everything_stranger;
        GRANT ALL ON ALL ROUTINES IN SCHEMA public, vault TO everything_stranger;
        ALTER TABLE orders OWNER TO everything_stranger;
        ALTER TYPE order_status OWNER TO everything_stranger;
        ALTER SCHEMA vault OWNER TO everything_stranger;
        """,
}
"""What came later, and leans on what the manifest made."""

IN_ANOTHER_ORDER = {
    "shipped": "",
    "everything": """
        CREATE SCHEMA vault;
        CREATE SEQUENCE vault.readings;
        CREATE TABLE vault.secrets (rotated_at date, secret text NOT NULL, owner text PRIMARY KEY DEFAULT CURRENT_USER);
        CREATE TYPE order_status AS ENUM ('draft', 'shipped');
        ALTER TYPE order_status ADD VALUE 'placed' BEFORE 'shipped';
        CREATE TABLE events (details jsonb, what text NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE documents (kept boolean NOT NULL DEFAULT false, title text NOT NULL, id integer NOT NULL);
        CREATE TABLE invoices (due date, kept boolean NOT NULL DEFAULT false, title text NOT NULL, id integer NOT NULL);
        ALTER TABLE invoices INHERIT documents;
        """,
}


@pytest.mark.parametrize("name", AFTER)
def test_unrelated_objects_in_a_tenant_do_not_matter(
    name: str, everything_server: Server, empty_database: str, beginnings: dict[str, Beginning]
) -> None:
    server, beginning = everything_server, beginnings[name]
    server.execute(IN_ANOTHER_ORDER[name] + BEFORE.replace("{database}", empty_database), empty_database)
    with server.session(empty_database) as session:
        apply_manifest(session, beginning.manifest)
    server.execute("SET search_path = public;" + AFTER[name], empty_database)
    tenant = server.tenant(empty_database)
    entry = audit(tenant, server.context(beginning.manifest, beginning.expected, tenant))
    differences = [each for migration in entry.migrations for each in migration.differences]
    assert (entry.verdict, entry.reason, differences, entry.unexpected) == (Verdict.READY, None, [], ())
    assert entry.fingerprint == beginning.expected.fingerprint


# What a role may not see


@pytest.fixture
def reader(everything_server: Server, everything_database: str) -> str:
    """A role that may read what the manifest manages, and nothing else."""
    role = everything_server.create_role("BYPASSRLS")
    everything_server.execute(
        f"GRANT USAGE ON SCHEMA vault TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public, vault TO {role}",
        everything_database,
    )
    return role


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        ("SELECT ON open_orders", "public.open_orders"),
        ("SELECT ON customer_totals", "public.customer_totals"),
        ("SELECT ON events", "public.events"),
        ("SELECT ON vault.owners", "vault.owners"),
        ("USAGE ON SCHEMA vault", "vault.owners, vault.secrets"),
    ],
)
def test_tables_that_the_role_may_not_read_are_unknown(
    taken: str,
    said: str,
    everything_server: Server,
    everything_database: str,
    reader: str,
    beginnings: dict[str, Beginning],
) -> None:
    beginning = beginnings["everything"]
    tenant = everything_server.tenant(everything_database, role=reader)
    context = everything_server.context(beginning.manifest, beginning.expected, tenant)
    assert audit(tenant, context).verdict is Verdict.READY
    everything_server.execute(f"REVOKE {taken} FROM {reader}", everything_database)
    entry = audit(tenant, context)
    assert (entry.verdict, entry.unexpected) == (Verdict.UNKNOWN, ())
    assert entry.reason is not None
    assert f"the role cannot read {said};" in entry.reason
