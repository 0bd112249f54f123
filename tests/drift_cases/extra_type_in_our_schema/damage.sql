CREATE TYPE vault.mood AS ENUM ('good', 'bad');
