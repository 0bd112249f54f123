"""Renderers: from a view's neutral blocks to the text of a terminal, of markdown, or of an HTML page."""
