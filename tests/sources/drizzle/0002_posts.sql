CREATE TABLE "posts" (
	"id" bigint PRIMARY KEY NOT NULL,
	"author" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "posts" ADD CONSTRAINT "posts_author_users_id_fk" FOREIGN KEY ("author") REFERENCES "users"("id") ON DELETE no action ON UPDATE no action;
