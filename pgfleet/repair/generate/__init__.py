"""SQL that fixes a difference, by the kind of the object. Pure."""
