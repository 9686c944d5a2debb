import { onTestFinished } from "vitest"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"

/**
 * Makes a database with this many lazy users to purge, from `1` on, each with an expired session.
 */
export async function databaseToPurge(users: number): Promise<PostgresDatabase> {
  const database = await postgresDatabase()
  onTestFinished(database.close)
  return fill(database, users)
}

/** Adds so many lazy users to purge, `1` and on, each with a session that has run out. */
export async function fill(database: PostgresDatabase, users: number): Promise<PostgresDatabase> {
  await database.query(
    `insert into "user" (id, "lazySince", "seenAt")
      select n, now() - interval '41 days', now() - n * interval '1 second' - interval '40 days'
      from generate_series(1, ${users}) n`,
  )
  await database.query(`insert into session select 'token-' || id, id, now() - interval '10 days' from "user"`)
  return database
}

/** The users who are there, in order. */
export async function usersIn({ query }: Pick<PostgresDatabase, "query">): Promise<unknown[]> {
  return (await query(`select id from "user" order by length(id), id`)).map(({ id }) => id)
}

/** Holds the deletion of one user up until it is let go. */
export async function holdUp({ sql, query }: PostgresDatabase, userId: string) {
  await query(`
    create function wait() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(1);
      return old;
    end $$`)
  await query(
    `create trigger wait before delete on "user" for each row when (old.id = '${userId}') execute function wait()`,
  )
  const holder = await sql.reserve()
  await holder`select pg_advisory_lock(1)`
  const waiting = async () => {
    const [row] = await query(
      `select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`,
    )
    return row?.n === 1
  }
  const open = async () => {
    const [row] = await query(
      `select count(*)::int as n from pg_stat_activity
        where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()`,
    )
    return row?.n !== 0
  }
  const poll = async (condition: () => Promise<boolean>) => {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return {
    /** Resolves when a deletion waits. */
    waits: () => poll(waiting),
    /** Resolves when no transaction is open: the server outlives a client that was killed. */
    isOver: () => poll(async () => !(await open())),
    async letGo(): Promise<void> {
      await holder`select pg_advisory_unlock(1)`
      holder.release()
    },
  }
}
