-- The two baseline guardrail rules.
-- Safe to rerun: a rule of the same name that exists is the tenant's own by now, and is left as it is.

INSERT INTO ai_guardrails.policy_rules (
  name,
  severity,
  policy_tags,
  message,
  resolution,
  requires_manual_review,
  fallback_step,
  match_all_keywords,
  match_any_keywords,
  priority
)
VALUES
  (
    'privacy_email_export_block',
    'block',
    ARRAY['privacy', 'export'],
    'Customer email addresses are personal data and may not be exported by the assistant.',
    'Open a compliance task and let the privacy team decide on the export.',
    TRUE,
    'create-compliance-task',
    ARRAY['customer', 'email'],
    ARRAY[]::TEXT[],
    100
  ),
  (
    'finance_wire_warn',
    'warn',
    ARRAY['finance'],
    'This request touches bank or wire transfer details.',
    'Check the recipient and the account through a second channel before any money moves.',
    FALSE,
    NULL,
    ARRAY[]::TEXT[],
    ARRAY['wire transfer', 'routing number', 'bank account'],
    90
  )
ON CONFLICT (name) DO NOTHING;
