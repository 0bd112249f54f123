DROP VIEW good_players CASCADE;
