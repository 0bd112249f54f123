"""From a fleet's audit to a rollout's plan and results. Pure."""
