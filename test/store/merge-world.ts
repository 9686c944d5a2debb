import { LazyAdapter, type LazyAdapterOptions } from "../../src/drizzle.js"
import { internals, type StoreInternals } from "../../src/store/lazy-store.js"
import type { TestDatabase } from "../setup/databases.js"

const AUTH_TABLES = ["session", "account", "authenticator", "password", "verificationToken", "lazyOutcome", "user"]

const authTables = AUTH_TABLES.map((name) => `'${name}'`).join()

let counter = 0

/**
 * A database with the tables of Auth.js, in which each test creates and removes an app's tables.
 */
export class MergeWorld {
  constructor(readonly database: TestDatabase) {}

  store(options: LazyAdapterOptions = {}): StoreInternals {
    return internals(LazyAdapter(this.database.db, options).lazy)
  }

  /** Runs statements, separated by semicolons, and returns the rows of the last one. */
  async run(text: string): Promise<Record<string, unknown>[]> {
    let rows: Record<string, unknown>[] = []
    for (const statement of text.match(/(?:'[^']*'|"[^"]*"|[^;'"])+/g) ?? [])
      if (statement.trim() !== "") rows = await this.database.query(statement)
    return rows
  }

  async lazyUser(id = `lazy-${counter++}`): Promise<string> {
    await this.run(`insert into "user" (id, "lazySince", username) values ('${id}', now(), '${id}')`)
    return id
  }

  async realUser(id = `real-${counter++}`): Promise<string> {
    await this.run(`insert into "user" (id, email) values ('${id}', '${id}@example.com')`)
    return id
  }

  /** A lazy user, a real user, and a third one. */
  async people(): Promise<{ from: string; into: string; other: string }> {
    return { from: await this.lazyUser(), into: await this.realUser(), other: await this.realUser() }
  }

  async count(what: string): Promise<number> {
    return Number((await this.run(`select count(*) as n from ${what}`))[0]?.n)
  }

  /** Every row of every table, with the partition it is in. */
  async everything(): Promise<Record<string, string[]>> {
    const contents: Record<string, string[]> = {}
    for (const { name } of await this.tables()) {
      const rows = await this.run(`select tableoid::regclass::text || to_jsonb(t)::text as row from ${name} t`)
      contents[name] = rows.map(({ row }) => row as string).sort()
    }
    return contents
  }

  /**
   * Drops the app's tables, schemas, sequences, triggers and columns of the user table, and deletes
   * all rows, in one statement.
   */
  async reset(): Promise<void> {
    await this.database.query(`do $$
      declare statement text;
      begin
        foreach statement in array array(
          select format('drop table if exists %s cascade', oid::regclass) from pg_class
          where relkind in ('r', 'p') and not relispartition and relnamespace::regnamespace::text !~ '^(pg_|information_schema|drizzle)'
            and not (relnamespace = 'public'::regnamespace and relname = any (array[${authTables}]))
          union all
          select format('drop sequence if exists %s cascade', oid::regclass) from pg_class
          where relkind = 'S' and relnamespace = 'public'::regnamespace
          union all
          select format('drop schema %s cascade', oid::regnamespace) from pg_namespace
          where nspname !~ '^(pg_|information_schema|public|drizzle)'
          union all
          select format('drop trigger %I on %s', tgname, tgrelid::regclass) from pg_trigger join pg_class on pg_class.oid = tgrelid
          where relnamespace = 'public'::regnamespace and relname in (${authTables}) and not tgisinternal
          union all
          select format('alter table "user" drop column %I cascade', attname) from pg_attribute
          where attrelid = '"user"'::regclass and attnum > 9 and not attisdropped
          union all
          select format('delete from %I', name) from unnest(array[${authTables}]) as name
        ) loop
          execute statement;
        end loop;
      end $$`)
  }

  private async tables(): Promise<{ name: string; auth: boolean }[]> {
    const rows = await this.run(`
      select format('%I.%I', nspname, relname) as name, relname
      from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where relkind in ('r', 'p') and not relispartition and nspname !~ '^(pg_|information_schema|drizzle)'
      order by pg_class.oid`)
    return rows.map(({ name, relname }) => ({ name: name as string, auth: AUTH_TABLES.includes(relname as string) }))
  }
}
