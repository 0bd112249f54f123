CREATE OR REPLACE FUNCTION update_timestamp() RETURNS trigger AS '
begin
    -- Keep it current.
    new.updated_at = now();  /* the transaction''s time */

    return new;
end;
' LANGUAGE plpgsql;
