ALTER TABLE documents DISABLE RULE documents_are_kept;
