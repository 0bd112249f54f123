-- With ONLY, no partition enforces the key until its own index is attached.
ALTER TABLE comments DROP CONSTRAINT comments_score;
ALTER TABLE scores DROP CONSTRAINT scores_pkey;
ALTER TABLE ONLY scores ADD CONSTRAINT scores_pkey PRIMARY KEY (id, at);
ALTER TABLE comments ADD COLUMN note text;
