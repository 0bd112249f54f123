-- As pg_dump writes them.
ALTER TABLE players DROP CONSTRAINT players_code;
ALTER TABLE players ADD CONSTRAINT players_code CHECK (((code)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])));
ALTER TABLE players DROP CONSTRAINT players_points;
ALTER TABLE players ADD CONSTRAINT players_points CHECK ((((points >= 1) AND (points <= 5000)) AND (points <> 3)));
DROP INDEX players_live;
CREATE INDEX players_live ON players USING btree (points) WHERE ((code)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]));
DROP POLICY players_seen ON players;
CREATE POLICY players_seen ON players USING ((((points >= 1) AND (points <= 5000)) AND (points <> 4)));
CREATE OR REPLACE VIEW good_players AS
SELECT id, points FROM players WHERE ((code)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]));
CREATE OR REPLACE VIEW best_players AS SELECT id, points FROM good_players WHERE (((points >= 10) AND (points <= 20)) AND (id <> 3));
