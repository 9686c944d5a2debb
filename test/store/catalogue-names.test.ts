import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { drizzle } from "drizzle-orm/postgres-js"
import postgres from "postgres"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { doctor } from "../../src/doctor.js"
import { LazyAdapter } from "../../src/drizzle.js"
import { type PostgresDatabase, postgresDatabase } from "../setup/databases.js"
import { MergeWorld } from "./merge-world.js"

const SRC = fileURLToPath(new URL("../../src", import.meta.url))

/** Functions about the catalogue and the session, wherever a statement calls them. */
const FUNCTIONS =
  "pg_\\w+|has_\\w+_privilege|to_reg\\w+|format_type|quote_ident|row_security_active|current_setting|set_config|current_database|version|hashtextextended"
/** What the statements that read the catalogue call beside those. */
const COMMON =
  "json_\\w+|to_jsonb?|array_\\w+|unnest|concat|format|lower|replace|translate|string_to_array|regexp_replace|bool_(?:or|and)|min|max|sum|count"
/** Written into a line that the reader runs. */
const PASTED = ["pg_get_serial_sequence"]

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|^\s*--.*$/gm, "")

/** Finds the names in the statements of a file that other schemas or temporary tables could shadow. */
function unqualified(path: string, text: string): string[] {
  const functions = /^store\/sql\/(catalogue|engine)\//.test(path) ? `${FUNCTIONS}|${COMMON}` : FUNCTIONS
  const patterns = [
    /\b(?:from|join|using|into|update|only)\s+(pg_(?!catalog\b|temp\b)\w+)/gi,
    new RegExp(`(?<![\\w.$])(${functions})(?=\\()`, "g"),
    /'(pg_(?!catalog\b)\w+)'::/g,
  ]
  const code = withoutComments(text)
  return patterns
    .flatMap((pattern) => [...code.matchAll(pattern)].map(([, name]) => name as string))
    .filter((name) => !PASTED.includes(name))
    .map((name) => `${path}: ${name}`)
}

describe("the statements in the source", () => {
  it("name relations and functions of PostgreSQL with their schema", () => {
    const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((path) => /\.tsx?$/.test(path))
    expect(files.flatMap((path) => unqualified(path, readFileSync(join(SRC, path), "utf8")))).toEqual([])
  })

  it.each([
    ["store/a.ts", "select from pg_class", ["pg_class"]],
    ["store/a.ts", "select from pg_catalog.pg_class join only pg_index on true", ["pg_index"]],
    ["store/a.ts", "select quote_ident(name), pg_catalog.format_type(1, 2)", ["quote_ident"]],
    ["store/a.ts", "where classid = 'pg_class'::regclass", ["pg_class"]],
    ["store/a.ts", "select json_agg(1), pg_temp.f(1) -- pg_class", []],
    ["store/sql/catalogue/a.ts", "select pg_catalog.json_agg(lower(name))", ["lower"]],
    ["store/sql/catalogue/a.ts", "// from pg_class\n/** version() */", []],
  ])("are read for that: %s, %s", (path, text, names) => {
    expect(unqualified(path, text)).toEqual(names.map((name) => `${path}: ${name}`))
  })
})

describe("tables and functions that have the names of PostgreSQL's own", () => {
  const RELATIONS = [
    ...["am", "attrdef", "attribute", "class", "collation", "constraint", "depend", "index", "inherits"],
    ...["namespace", "operator", "policy", "publication", "rewrite", "trigger", "type", "settings"],
  ].map((name) => `pg_${name}`)

  /** Functions that answer wrongly: their arguments, and what they return. */
  const PLANTED = [
    ["version()", "text", "'CockroachDB CCL v26.1.0'"],
    ["to_regclass(text)", "regclass", "null"],
    ["format_type(oid, int)", "text", "'int4'"],
    ["quote_ident(text)", "text", "'nothing'"],
    ["quote_ident(name)", "text", "'nothing'"],
    ["format(text, name, name)", "text", "'public.nothing'"],
    ["concat(text, name)", "text", "'nothing'"],
    ["pg_get_expr(pg_node_tree, oid)", "text", "'false'"],
    ["pg_get_indexdef(oid, int, boolean)", "text", "'null'"],
    ["pg_partition_root(regclass)", "regclass", "null"],
    ["pg_stat_get_xact_tuples_deleted(oid)", "int8", "0"],
    ["pg_current_xact_id_if_assigned()", "xid8", "null"],
    ["current_setting(text)", "text", "'off'"],
    ["current_setting(text, boolean)", "text", "'off'"],
    ["has_schema_privilege(oid, text)", "boolean", "false"],
    ["has_table_privilege(oid, text)", "boolean", "false"],
    ["row_security_active(oid)", "boolean", "true"],
  ] as const

  let database: PostgresDatabase
  let world: MergeWorld
  const clients: postgres.Sql[] = []
  beforeAll(async () => {
    database = await postgresDatabase()
    world = new MergeWorld(database)
    await world.run(`create table note (id serial primary key, owner text references "user" on delete cascade);
      create table cart (id text primary key, owner text unique references "user" on delete cascade);
      create table item (id serial primary key, cart text references cart on delete cascade);
      create table event (id int, owner text references "user" on delete cascade) partition by hash (id);
      create table event_0 partition of event for values with (modulus 2, remainder 0);
      create table event_1 partition of event for values with (modulus 2, remainder 1);
      create table base (owner text references "user"); create table derived () inherits (base);
      alter table derived add foreign key (owner) references "user" on delete cascade`)
    for (const [call, type, answer] of PLANTED)
      await database.query(
        `create function public.${call} returns ${type} language sql as $$ select ${answer}::${type} $$`,
      )
    for (const relation of RELATIONS) await empty("public", relation)
  })
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end()))
    await database.close()
  })

  /** Makes an empty table with the columns of one of the catalogue. */
  async function empty(schema: string, relation: string, client = database.sql): Promise<void> {
    // No table of one's own takes a column of type anyarray.
    const [row] =
      await client.unsafe(`select pg_catalog.string_agg(pg_catalog.format('%I %s', attname, pg_catalog.format_type(atttypid, atttypmod)), ', ') as columns
      from pg_catalog.pg_attribute
      where attrelid = 'pg_catalog.${relation}'::regclass and attnum > 0 and atttypid <> 'anyarray'::regtype`)
    await client.unsafe(`create table ${schema}.${relation} (${row?.columns})`)
  }

  function connect(search_path?: string): postgres.Sql {
    const connection = search_path === undefined ? {} : { search_path }
    const client = postgres(database.url, { max: 1, onnotice: () => {}, connection })
    clients.push(client)
    return client
  }

  /** Merges one lazy user and purges another, through one connection. */
  async function reports(client: postgres.Sql) {
    const adapter = LazyAdapter(drizzle(client))
    const { from, into } = await world.people()
    const dead = await world.lazyUser()
    for (const id of [from, into, dead])
      await world.run(`insert into note (owner) values ('${id}'); insert into cart values ('${id}', '${id}');
        insert into item (cart) values ('${id}'); insert into event values (1, '${id}'), (2, '${id}')`)
    await world.run(`insert into base values ('${from}'); insert into derived values ('${from}'), ('${dead}');
      update "user" set "lazySince" = now() - interval '90 days', "seenAt" = null where id = '${dead}'`)
    const { moved, conflicts } = await adapter.lazy.merge(from, into)
    const { purged, deleted, failures } = await adapter.lazy.purge()
    const { findings } = await doctor({ db: drizzle(client) })
    const left = await world.count(`"user" where id in ('${from}', '${dead}')`)
    return { moved, conflicts, purged, deleted, failures, left, found: findings.map(({ code }) => code).sort() }
  }

  const expected = {
    moved: { note: 1, item: 1, event: 2, base: 1, derived: 1 },
    conflicts: { cart: 1 },
    purged: 1,
    deleted: { note: 1, cart: 1, item: 1, event: 2, derived: 1 },
    failures: 0,
    left: 0,
  }

  it("change nothing where they are behind PostgreSQL's own, as by default", async () => {
    expect(await reports(connect())).toMatchObject(expected)
  })

  it("change nothing as temporary tables of the connection that merges, purges and examines", async () => {
    const plain = await reports(connect())
    const client = connect()
    for (const relation of RELATIONS) await empty("pg_temp", relation, client)
    expect(await client`select from pg_class`).toHaveLength(0)
    expect(await reports(client)).toEqual(plain)
  })

  it("change nothing in a schema of the search path before pg_catalog", async () => {
    const plain = await reports(connect())
    const client = connect("public, pg_catalog")
    expect([
      ...(await client`select version(), to_regclass('note') as note from pg_depend right join (values (1)) as v on true`),
    ]).toEqual([{ version: "CockroachDB CCL v26.1.0", note: null }])
    expect(await reports(client)).toEqual(plain)
  })
})
