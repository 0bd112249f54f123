-- Switches to the tenant's search path: one row. The server has resolved all names of the statement before. The search
-- path only decides now which names in definitions it qualifies. The scopes read this first.
SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('pgfleet.home_path'), true) IS NOT NULL AS is_used
