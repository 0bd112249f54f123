ALTER TYPE address RENAME ATTRIBUTE country TO land;
