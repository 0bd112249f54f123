-- Taken for a leftover of an experiment: the planner finds no rule, and no table to find one in.
DROP SCHEMA ai_guardrails CASCADE;
