ALTER TABLE players DROP CONSTRAINT players_points;
ALTER TABLE players ADD CONSTRAINT players_points CHECK ((((points >= 1) AND (points <= 5001)) AND (points <> 3)));
