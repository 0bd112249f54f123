"""The fleet: which tenants there are, in which environment, under which policy. Pure."""
