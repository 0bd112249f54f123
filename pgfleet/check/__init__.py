"""The proof of a manifest: what was seen of it on a scratch database, and what that comes to."""
