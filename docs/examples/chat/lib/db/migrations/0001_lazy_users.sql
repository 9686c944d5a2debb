alter table "User"
  add column "username" text unique,
  add column "lazySince" timestamptz,
  add column "convertedAt" timestamptz,
  add column "seenAt" timestamptz;

create index "User_lazy_idx" on "User" ("seenAt", "id") where "lazySince" is not null and "convertedAt" is null;

create table "Password" (
  "userId" uuid primary key references "User" ("id") on delete cascade,
  "hash" text not null,
  "updatedAt" timestamptz not null default now()
);
