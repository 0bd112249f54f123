-- Made to save space: long answers fail.
ALTER TABLE ai_messages ALTER COLUMN content TYPE varchar(2000);
