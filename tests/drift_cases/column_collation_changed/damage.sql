ALTER TABLE skill_workflows ALTER COLUMN description TYPE text COLLATE "C";
