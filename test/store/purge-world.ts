import { MergeWorld } from "./merge-world.js"

export const DAY = 24 * 60 * 60

/** When a user was made and last seen, in SQL; null for never. */
interface Times {
  since?: string
  seen?: string
}

const AUTH_TABLES = ["session", "account", "authenticator", "password", "verificationToken", "lazyOutcome", "user"]

const LONG_AGO = "now() - interval '40 days'"

/** A database with users to purge and to keep. */
export class PurgeWorld extends MergeWorld {
  /** A lazy user who is to be purged, unless the times say otherwise. */
  async deadUser(id: string, { since = LONG_AGO, seen = LONG_AGO }: Times = {}): Promise<string> {
    await this.run(
      `insert into "user" (id, username, "lazySince", "seenAt") values ('${id}', 'name of ${id}', ${since}, ${seen})`,
    )
    return id
  }

  /** Several of them, `d1`, `d2` and so on, each a minute after the one before. */
  async deadUsers(number: number): Promise<string[]> {
    await this.run(`insert into "user" (id, username, "lazySince", "seenAt")
      select 'd' || n, 'name of d' || n, ${LONG_AGO}, ${LONG_AGO} + n * interval '1 minute' from generate_series(1, ${number}) n`)
    return Array.from({ length: number }, (_, n) => `d${n + 1}`)
  }

  /** A lazy user who was here a moment ago. */
  aliveUser(id: string): Promise<string> {
    return this.deadUser(id, { since: "now()", seen: "now()" })
  }

  async session(userId: string, expires: string): Promise<void> {
    await this.run(`insert into session values ('token of ${userId}', '${userId}', ${expires})`)
  }

  /** The ids of the users who are there, sorted. */
  async users(): Promise<string[]> {
    return (await this.run(`select id from "user" order by id collate "C"`)).map(({ id }) => id as string)
  }

  /**
   * Empties a merge world in one statement, with less work for the server. Drops sequences and
   * triggers too.
   */
  override async reset(): Promise<void> {
    await this.database.query(`do $$
      declare statement text;
      begin
        foreach statement in array array(
          select format('drop table if exists %s cascade', oid::regclass) from pg_class
          where relkind in ('r', 'p') and not relispartition and relnamespace::regnamespace::text !~ '^(pg_|information_schema|drizzle)'
            and not (relnamespace = 'public'::regnamespace and relname = any (array[${AUTH_TABLES.map((name) => `'${name}'`)}]))
          union all
          select format('drop sequence if exists %s cascade', oid::regclass) from pg_class
          where relkind = 'S' and relnamespace = 'public'::regnamespace
          union all
          select format('drop schema %s cascade', oid::regnamespace) from pg_namespace
          where nspname !~ '^(pg_|information_schema|public|drizzle)'
          union all
          select format('drop trigger %I on "user"', tgname) from pg_trigger where tgrelid = '"user"'::regclass and not tgisinternal
          union all
          select format('alter table "user" drop column %I cascade', attname) from pg_attribute
          where attrelid = '"user"'::regclass and attnum > 9 and not attisdropped
          union all
          select format('delete from %I', name) from unnest(array[${AUTH_TABLES.map((name) => `'${name}'`)}]) as name
        ) loop
          execute statement;
        end loop;
      end $$`)
  }
}
