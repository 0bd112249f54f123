-- CASCADE takes the foreign keys of three other tables along, and a later migration's columns go with the table.
DROP TABLE ai_conversations CASCADE;
