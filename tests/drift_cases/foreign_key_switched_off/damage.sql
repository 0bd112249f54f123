-- Switched off for a bulk load, and never on again. The constraint is there and valid, but nothing enforces it:
-- the triggers that would are the server's own.
ALTER TABLE ai_messages DISABLE TRIGGER ALL;
