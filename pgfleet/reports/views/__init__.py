"""Views: from a document to the neutral blocks that every renderer shows."""
