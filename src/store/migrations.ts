// Written by `npm run generate` from the folder drizzle/, so that a bundle has them.

/** A migration of the default tables. */
export interface Migration {
  /** Its name in the folder `drizzle/`. */
  name: string
  hash: string
  /** When it was generated, in milliseconds. Drizzle's migrator identifies migrations by it. */
  createdAt: number
  /** The tables it makes. */
  tables: string[]
  /** The columns it makes, those of new tables among them, as `table.column`. */
  columns: string[]
  statements: string[]
}

export const MIGRATIONS: readonly Migration[] = [
  {
    name: "0000_auth",
    hash: "313e9f6c7ac6b80162296ddcddf4998c0a348b281d36701a71c0b45abf149bd4",
    createdAt: 1795395034171,
    tables: ["account", "session", "user", "verificationToken"],
    columns: [
      "account.userId",
      "account.type",
      "account.provider",
      "account.providerAccountId",
      "account.refresh_token",
      "account.access_token",
      "account.expires_at",
      "account.token_type",
      "account.scope",
      "account.id_token",
      "account.session_state",
      "session.sessionToken",
      "session.userId",
      "session.expires",
      "user.id",
      "user.name",
      "user.email",
      "user.emailVerified",
      "user.image",
      "verificationToken.identifier",
      "verificationToken.token",
      "verificationToken.expires",
    ],
    statements: [
      'CREATE TABLE "account" (\n\t"userId" text NOT NULL,\n\t"type" text NOT NULL,\n\t"provider" text NOT NULL,\n\t"providerAccountId" text NOT NULL,\n\t"refresh_token" text,\n\t"access_token" text,\n\t"expires_at" integer,\n\t"token_type" text,\n\t"scope" text,\n\t"id_token" text,\n\t"session_state" text,\n\tCONSTRAINT "account_provider_providerAccountId_pk" PRIMARY KEY("provider","providerAccountId")\n);\n',
      '\nCREATE TABLE "session" (\n\t"sessionToken" text PRIMARY KEY NOT NULL,\n\t"userId" text NOT NULL,\n\t"expires" timestamp NOT NULL\n);\n',
      '\nCREATE TABLE "user" (\n\t"id" text PRIMARY KEY NOT NULL,\n\t"name" text,\n\t"email" text,\n\t"emailVerified" timestamp,\n\t"image" text,\n\tCONSTRAINT "user_email_unique" UNIQUE("email")\n);\n',
      '\nCREATE TABLE "verificationToken" (\n\t"identifier" text NOT NULL,\n\t"token" text NOT NULL,\n\t"expires" timestamp NOT NULL,\n\tCONSTRAINT "verificationToken_identifier_token_pk" PRIMARY KEY("identifier","token")\n);\n',
      '\nALTER TABLE "account" ADD CONSTRAINT "account_userId_user_id_fk" FOREIGN KEY ("userId") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;',
      '\nALTER TABLE "session" ADD CONSTRAINT "session_userId_user_id_fk" FOREIGN KEY ("userId") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;',
    ],
  },
  {
    name: "0001_authenticator",
    hash: "7c6432146f55fdaa587475e1c94c29476fe5047980ae259c6c63290628e3ead6",
    createdAt: 1795395034908,
    tables: ["authenticator"],
    columns: [
      "authenticator.credentialID",
      "authenticator.userId",
      "authenticator.providerAccountId",
      "authenticator.credentialPublicKey",
      "authenticator.counter",
      "authenticator.credentialDeviceType",
      "authenticator.credentialBackedUp",
      "authenticator.transports",
    ],
    statements: [
      'CREATE TABLE "authenticator" (\n\t"credentialID" text NOT NULL,\n\t"userId" text NOT NULL,\n\t"providerAccountId" text NOT NULL,\n\t"credentialPublicKey" text NOT NULL,\n\t"counter" integer NOT NULL,\n\t"credentialDeviceType" text NOT NULL,\n\t"credentialBackedUp" boolean NOT NULL,\n\t"transports" text,\n\tCONSTRAINT "authenticator_userId_credentialID_pk" PRIMARY KEY("userId","credentialID"),\n\tCONSTRAINT "authenticator_credentialID_unique" UNIQUE("credentialID")\n);\n',
      '\nALTER TABLE "authenticator" ADD CONSTRAINT "authenticator_userId_user_id_fk" FOREIGN KEY ("userId") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;',
    ],
  },
  {
    name: "0002_lazy",
    hash: "67647e97b964210cd5764a56c3f279b7a8aa46201041df9c0fe3d8c5cc65fd96",
    createdAt: 1795409931034,
    tables: ["password"],
    columns: [
      "password.userId",
      "password.hash",
      "password.updatedAt",
      "user.username",
      "user.lazySince",
      "user.convertedAt",
      "user.seenAt",
    ],
    statements: [
      'CREATE TABLE "password" (\n\t"userId" text PRIMARY KEY NOT NULL,\n\t"hash" text NOT NULL,\n\t"updatedAt" timestamp with time zone DEFAULT now() NOT NULL\n);\n',
      '\nALTER TABLE "user" ADD COLUMN "username" text;',
      '\nALTER TABLE "user" ADD COLUMN "lazySince" timestamp with time zone;',
      '\nALTER TABLE "user" ADD COLUMN "convertedAt" timestamp with time zone;',
      '\nALTER TABLE "user" ADD COLUMN "seenAt" timestamp with time zone;',
      '\nALTER TABLE "password" ADD CONSTRAINT "password_userId_user_id_fk" FOREIGN KEY ("userId") REFERENCES "public"."user"("id") ON DELETE cascade ON UPDATE no action;',
      '\nCREATE INDEX "account_userId_idx" ON "account" USING btree ("userId");',
      '\nCREATE INDEX "session_userId_idx" ON "session" USING btree ("userId");',
      '\nCREATE INDEX "user_lazy_idx" ON "user" USING btree ("seenAt","id") WHERE ("user"."lazySince" is not null and "user"."convertedAt" is null);',
      '\nALTER TABLE "user" ADD CONSTRAINT "user_username_unique" UNIQUE("username");',
    ],
  },
  {
    name: "0003_lazy_outcome",
    hash: "a90923f8cd986e550de92913d37dfc6a641854db8a240427cdb504fca752e65c",
    createdAt: 1795409932584,
    tables: ["lazyOutcome"],
    columns: [
      "lazyOutcome.id",
      "lazyOutcome.at",
      "lazyOutcome.outcome",
      "lazyOutcome.way",
      "lazyOutcome.since",
      "lazyOutcome.users",
    ],
    statements: [
      'CREATE TABLE "lazyOutcome" (\n\t"id" text PRIMARY KEY NOT NULL,\n\t"at" timestamp with time zone NOT NULL,\n\t"outcome" text NOT NULL,\n\t"way" text,\n\t"since" timestamp with time zone NOT NULL,\n\t"users" integer NOT NULL\n);\n',
      '\nCREATE INDEX "lazyOutcome_at_idx" ON "lazyOutcome" USING btree ("at");',
    ],
  },
]
