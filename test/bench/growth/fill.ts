import type postgres from "postgres"

/**
 * Writes real users, each with a live session. Their ids are older than any that a server creates.
 */
export async function fillWithUsers(admin: postgres.Sql, users: number): Promise<void> {
  await withoutTriggers(admin, async (sql) => {
    await sql`
      insert into "user" ("id", "name", "username", "email")
      select uuidv7(interval '-1 hour')::text, 'User', 'user-' || md5(n::text), 'user' || n || '@example.com'
      from generate_series(1, ${users}) as n`
    await sql`
      insert into "session" ("sessionToken", "userId", "expires")
      select gen_random_uuid()::text, "id", now() + interval '30 days' from "user"`
  })
  await admin`vacuum (analyze) "user"`
  await admin`vacuum (analyze) "session"`
}

/** Writes many rows that refer to each other rightly, and so need not be checked one by one. */
export async function withoutTriggers(
  admin: postgres.Sql,
  write: (sql: postgres.TransactionSql) => Promise<void>,
): Promise<void> {
  await admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`
    await write(sql)
  })
}
