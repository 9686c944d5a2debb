CREATE TABLE "lazyOutcome" (
	"id" text PRIMARY KEY NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"outcome" text NOT NULL,
	"way" text,
	"since" timestamp with time zone NOT NULL,
	"users" integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX "lazyOutcome_at_idx" ON "lazyOutcome" USING btree ("at");