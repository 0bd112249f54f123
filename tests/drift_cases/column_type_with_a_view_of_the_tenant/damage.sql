ALTER TABLE papers ALTER COLUMN title TYPE varchar(99);
CREATE VIEW my_papers AS SELECT title FROM papers;
