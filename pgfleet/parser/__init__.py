"""PostgreSQL's own parser (libpg_query, through postgast), with its tree as Python values. Pure."""
