"""The fleet: environments with their tenants and policies. Pure."""
