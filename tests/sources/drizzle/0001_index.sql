CREATE INDEX "posts_author" ON "posts" USING btree ("author");
