DROP TRIGGER documents_log ON documents;
CREATE TRIGGER documents_log AFTER INSERT ON documents FOR EACH ROW EXECUTE FUNCTION check_order();
ALTER TABLE documents ENABLE ALWAYS TRIGGER documents_log;
