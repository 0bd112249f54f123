-- The extension, and the types that the tables are made of.
-- Safe to rerun: what exists is left alone.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

DO $$
BEGIN
  IF to_regtype('order_status') IS NULL THEN
    CREATE TYPE order_status AS ENUM ('draft', 'placed', 'shipped');
  END IF;
  IF to_regtype('address') IS NULL THEN
    CREATE TYPE address AS (street text, city text COLLATE "C", country character(2));
  END IF;
  IF to_regtype('amount') IS NULL THEN
    CREATE DOMAIN amount AS numeric(12, 2) DEFAULT 0 CONSTRAINT amount_not_negative CHECK (VALUE >= 0);
  END IF;
  IF to_regtype('product_code') IS NULL THEN
    CREATE DOMAIN product_code AS varchar(16) COLLATE "C" NOT NULL CONSTRAINT product_code_shape CHECK (VALUE ~ '^[A-Z]');
  END IF;
  IF to_regtype('price_range') IS NULL THEN
    CREATE TYPE price_range AS RANGE (subtype = numeric, subtype_diff = numrange_subdiff);
  END IF;
END
$$;
