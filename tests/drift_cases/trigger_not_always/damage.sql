ALTER TABLE documents ENABLE TRIGGER documents_log;
