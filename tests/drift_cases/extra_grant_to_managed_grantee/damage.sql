GRANT DELETE ON customers TO everything_reader;
