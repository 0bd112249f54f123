DROP RULE moves_limited ON moves;
ALTER TABLE moves ALTER COLUMN distance TYPE smallint;
CREATE RULE moves_limited AS ON UPDATE TO moves WHERE NEW.distance > 3 DO INSTEAD NOTHING;
