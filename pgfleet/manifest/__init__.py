"""The manifest: what every tenant must satisfy, read from `manifest.toml` and the scripts beside it. Pure."""
