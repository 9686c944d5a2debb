CREATE TABLE "password" (
	"userId" text PRIMARY KEY NOT NULL,
	"hash" text NOT NULL,
	"updatedAt" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "user" ADD COLUMN "username" text;--> statement-breakpoint
ALTER TABLE "user" ADD COLUMN "lazySince" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "user" ADD COLUMN "convertedAt" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "user" ADD COLUMN "seenAt" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "password" ADD CONSTRAINT "password_userId_user_id_fk" FOREIGN KEY ("userId") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "account_userId_idx" ON "account" USING btree ("userId");--> statement-breakpoint
CREATE INDEX "session_userId_idx" ON "session" USING btree ("userId");--> statement-breakpoint
CREATE INDEX "user_lazy_idx" ON "user" USING btree ("seenAt","id") WHERE ("user"."lazySince" is not null and "user"."convertedAt" is null);--> statement-breakpoint
ALTER TABLE "user" ADD CONSTRAINT "user_username_unique" UNIQUE("username");