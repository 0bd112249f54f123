DROP RULE documents_are_kept ON documents;
