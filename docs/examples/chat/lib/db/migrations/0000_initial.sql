create table "User" (
  "id" uuid primary key default gen_random_uuid(),
  "email" varchar(64) not null,
  "password" varchar(64),
  "name" text,
  "emailVerified" boolean not null default false,
  "image" text,
  "isAnonymous" boolean not null default false,
  "createdAt" timestamp not null default now(),
  "updatedAt" timestamp not null default now()
);

create table "Chat" (
  "id" uuid primary key default gen_random_uuid(),
  "createdAt" timestamp not null,
  "title" text not null,
  "userId" uuid not null references "User" ("id"),
  "visibility" varchar not null default 'private'
);

create table "Message_v2" (
  "id" uuid primary key default gen_random_uuid(),
  "chatId" uuid not null references "Chat" ("id"),
  "role" varchar not null,
  "parts" json not null,
  "attachments" json not null,
  "createdAt" timestamp not null
);

create table "Vote_v2" (
  "chatId" uuid not null references "Chat" ("id"),
  "messageId" uuid not null references "Message_v2" ("id"),
  "isUpvoted" boolean not null,
  primary key ("chatId", "messageId")
);

create table "Document" (
  "id" uuid not null default gen_random_uuid(),
  "createdAt" timestamp not null,
  "title" text not null,
  "content" text,
  "text" varchar not null default 'text',
  "userId" uuid not null references "User" ("id"),
  primary key ("id", "createdAt")
);

create table "Suggestion" (
  "id" uuid primary key default gen_random_uuid(),
  "documentId" uuid not null,
  "documentCreatedAt" timestamp not null,
  "originalText" text not null,
  "suggestedText" text not null,
  "description" text,
  "isResolved" boolean not null default false,
  "userId" uuid not null references "User" ("id"),
  "createdAt" timestamp not null,
  foreign key ("documentId", "documentCreatedAt") references "Document" ("id", "createdAt")
);

create table "Stream" (
  "id" uuid primary key default gen_random_uuid(),
  "chatId" uuid not null references "Chat" ("id"),
  "createdAt" timestamp not null
);
