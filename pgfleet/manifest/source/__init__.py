"""The migration files of other tools, and the ledgers that the tools keep in tenants. One module per tool. Pure."""
