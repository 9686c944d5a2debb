import type postgres from "postgres"

/** An app's own table, whose rows belong to users. */
export async function createNotes(admin: postgres.Sql, names: string[]): Promise<void> {
  for (const name of names) {
    await admin.unsafe(`
      create table ${name} (
        "id" bigint generated always as identity primary key,
        "userId" text not null references "user" ("id") on delete cascade,
        "body" text not null
      );
      create index on ${name} ("userId");
      grant all on ${name} to app`)
  }
}
