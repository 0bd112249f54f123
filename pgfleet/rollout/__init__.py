"""From what was found in a fleet to what a rollout does there, and what came of it. Pure."""
