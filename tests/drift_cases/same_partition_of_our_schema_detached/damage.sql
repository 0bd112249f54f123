ALTER TABLE archive.games DETACH PARTITION archive.games_2025;
