CREATE FUNCTION notify_message() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('messages', NEW.id::text); RETURN NEW; END $$;
CREATE TRIGGER tell AFTER INSERT ON ai_messages FOR EACH ROW EXECUTE FUNCTION notify_message();
