"""What puts a difference right: running a migration again, statements of our own, or a person. Pure."""
