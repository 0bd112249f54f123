"""Pages for a browser: one HTML file each, which needs nothing beside itself."""
