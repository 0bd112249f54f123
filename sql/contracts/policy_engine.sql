-- What the policy repository of the planner service runs.

-- name: select policy rules
SELECT
  name,
  severity,
  policy_tags,
  message,
  resolution,
  requires_manual_review,
  fallback_step,
  match_all_keywords,
  match_any_keywords,
  match_pending_action_slugs,
  company_allow_list,
  company_deny_list
FROM ai_guardrails.policy_rules
WHERE company_id IS NULL OR company_id = $1
ORDER BY priority DESC, name;
