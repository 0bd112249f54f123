UPDATE ai_guardrails.policy_rules SET message = 'Ask Kim before you mail customer data.' WHERE name = 'privacy_email_export_block';
