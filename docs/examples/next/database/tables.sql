-- What the app had before: Auth.js with ids of its own, an address for everybody, and chats that know nothing of deleted users.

create table if not exists "user" (
  "id" uuid primary key default gen_random_uuid(),
  "name" text,
  "email" text not null unique,
  "emailVerified" timestamptz,
  "image" text
);

create table if not exists "account" (
  "userId" uuid not null references "user" ("id") on delete cascade,
  "type" text not null,
  "provider" text not null,
  "providerAccountId" text not null,
  "refresh_token" text,
  "access_token" text,
  "expires_at" integer,
  "token_type" text,
  "scope" text,
  "id_token" text,
  "session_state" text,
  primary key ("provider", "providerAccountId")
);

create table if not exists "session" (
  "sessionToken" text primary key,
  "userId" uuid not null references "user" ("id") on delete cascade,
  "expires" timestamptz not null
);

create table if not exists "verificationToken" (
  "identifier" text not null,
  "token" text not null,
  "expires" timestamptz not null,
  primary key ("identifier", "token")
);

create table if not exists "authenticator" (
  "credentialID" text not null unique,
  "userId" uuid not null references "user" ("id") on delete cascade,
  "providerAccountId" text not null,
  "credentialPublicKey" text not null,
  "counter" integer not null,
  "credentialDeviceType" text not null,
  "credentialBackedUp" boolean not null,
  "transports" text,
  primary key ("userId", "credentialID")
);

create table if not exists "notebook" (
  "id" uuid primary key default gen_random_uuid(),
  "userId" uuid not null references "user" ("id"),
  "title" text not null,
  "createdAt" timestamptz not null default now()
);

create table if not exists "message" (
  "id" uuid primary key default gen_random_uuid(),
  "notebookId" uuid not null references "notebook" ("id"),
  "userId" uuid not null references "user" ("id"),
  "text" text not null,
  "createdAt" timestamptz not null default now()
);

create index if not exists "notebook_userId_idx" on "notebook" ("userId");
create index if not exists "message_notebookId_idx" on "message" ("notebookId");

-- What authjs-lazy adds.

alter table "user"
  add column if not exists "username" text unique,
  add column if not exists "lazySince" timestamptz,
  add column if not exists "convertedAt" timestamptz,
  add column if not exists "seenAt" timestamptz;

create index if not exists "user_lazy_idx" on "user" ("seenAt", "id")
  where "lazySince" is not null and "convertedAt" is null;

create table if not exists "password" (
  "userId" uuid primary key references "user" ("id") on delete cascade,
  "hash" text not null,
  "updatedAt" timestamptz not null default now()
);
