"""The manifest: what every tenant must satisfy, from `manifest.toml` and its scripts. Pure."""
