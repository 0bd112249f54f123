-- What else a tenant's database holds: none of the manifest's business, in the same schema and beside it.
CREATE EXTENSION hstore;
CREATE SCHEMA crm;
DO $$
BEGIN
  FOR n IN 1..200 LOOP
    EXECUTE format(
      'CREATE TABLE %I.%I (id serial PRIMARY KEY, "Parent" integer REFERENCES users, name text NOT NULL DEFAULT %L UNIQUE)',
      CASE WHEN n % 2 = 0 THEN 'public' ELSE 'crm' END, 'product_' || n, 'none'
    );
  END LOOP;
END
$$;
CREATE FUNCTION crm.update_timestamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER trg_ai_conversations_updated_at BEFORE UPDATE ON product_2 FOR EACH ROW EXECUTE FUNCTION crm.update_timestamp();
CREATE TABLE crm.ai_messages (id integer);
CREATE INDEX idx_ai_messages_conversation ON crm.ai_messages (id);
CREATE FUNCTION add(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE PROCEDURE tidy() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE AGGREGATE total(integer) (sfunc = add, stype = integer, initcond = '0');
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE SEQUENCE invoice_numbers;
CREATE VIEW latest AS SELECT * FROM ai_conversations ORDER BY last_message_at DESC LIMIT 10;
CREATE MATERIALIZED VIEW talkative AS SELECT conversation_id, count(*) FROM ai_messages GROUP BY conversation_id;
CREATE TABLE archived_messages () INHERITS (ai_messages);
CREATE TABLE measurements (at date NOT NULL, value numeric) PARTITION BY RANGE (at);
CREATE TABLE measurements_2025 PARTITION OF measurements FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX measurements_at ON measurements (at);
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE remote (id integer) SERVER elsewhere;
