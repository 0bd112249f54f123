"""The proof of a manifest from observations in a scratch database. Pure."""
