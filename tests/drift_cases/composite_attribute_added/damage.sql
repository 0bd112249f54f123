ALTER TYPE address ADD ATTRIBUTE region text;
