-- jsonb_strip_nulls and the containment operators are gone for this column.
ALTER TABLE ai_conversations ALTER COLUMN summary_metadata DROP DEFAULT;
ALTER TABLE ai_conversations ALTER COLUMN summary_metadata TYPE json;
ALTER TABLE ai_conversations ALTER COLUMN summary_metadata SET DEFAULT '{}';
