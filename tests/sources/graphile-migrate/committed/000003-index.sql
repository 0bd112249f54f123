--! Previous: sha1:b59d3680d8c6e3480449e7f6ed77982b9d6b37a0
--! Hash: sha1:bc7c6099af19a9b698f6ff1cfb2e4840eed1cf33
--! Message: index

--! no-transaction
CREATE INDEX CONCURRENTLY posts_author ON posts (author);
