ALTER SEQUENCE vault.readings AS integer;
