"""What a script does to a database in use, read from its text. Pure."""
