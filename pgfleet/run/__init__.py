"""One run: what it knows, what it reads, how many connections it may open, and how far it is."""
