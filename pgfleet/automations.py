"""The automations in Prefect, as deployments/automations.yaml has them."""
