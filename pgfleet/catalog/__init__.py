"""The catalog: what a database actually holds, what it should hold, and how the two differ. Pure."""
