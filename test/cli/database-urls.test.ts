import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { readDatabaseAddress } from "../../src/cli/database/database-address.js"
import { emptyPostgres, type PostgresDatabase } from "../setup/databases.js"
import { startPooler } from "../store/pgbouncer.js"
import { runCommand } from "./command.js"

const SECRET = "s3cr3t-of-the-test"
const commands = ["migrate", "purge", "stats", "doctor"]

let database: PostgresDatabase
beforeAll(async () => {
  database = await emptyPostgres()
  const { code, stderr } = await runCommand(["migrate"], { env: { DATABASE_URL: database.url } })
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
})
afterAll(() => database.close())

/**
 * Runs every command and returns its stderr, after checking that it succeeded and wrote JSON to
 * stdout.
 */
async function runAll(url: string): Promise<string[]> {
  return Promise.all(
    commands.map(async (command) => {
      const { code, stdout, stderr } = await runCommand([command, "--json"], { env: { DATABASE_URL: url } })
      expect([0, 3], `${command}: ${stderr}`).toContain(code)
      expect(() => JSON.parse(stdout)).not.toThrow()
      expect(stderr).not.toContain(SECRET)
      return stderr.trimEnd()
    }),
  )
}

const parts = () => {
  const { username, password, host, hostname, port, pathname } = new URL(database.url)
  return { user: username, password, host, hostname, port, name: pathname.slice(1) }
}

describe("a database URL", () => {
  it.each([
    [
      "of Prisma",
      "schema=public&connection_limit=5&pool_timeout=10&socket_timeout=30",
      "connection_limit, pool_timeout, socket_timeout",
    ],
    [
      "of Prisma behind a pooler",
      "pgbouncer=true&connection_limit=1&statement_cache_size=0",
      "pgbouncer, connection_limit, statement_cache_size",
    ],
    [
      "of Prisma with certificates",
      "sslmode=disable&sslaccept=accept_invalid_certs&sslidentity=client.p12&sslpassword=x",
      "sslidentity, sslpassword",
    ],
    [
      "of Supabase",
      "pgbouncer=true&supa=base-pooler.x&workaround=supabase-pooler.vercel",
      "pgbouncer, supa, workaround",
    ],
    ["of Supabase with a project", "options=reference%3Dabcdef", "options"],
    ["of Neon", "sslmode=prefer&channel_binding=require", "channel_binding"],
    ["of Neon for old clients", "sslmode=disable&options=endpoint%3Dep-cool-name-123456&connect_timeout=15", "options"],
    ["of Neon with a project", "options=project%3Dcool-name-123456", "options"],
    ["of Heroku and node-postgres", "ssl=false&uselibpqcompat=true", "uselibpqcompat"],
    ["with files of certificates", "sslmode=prefer&sslcert=a.pem&sslkey=b.pem", "sslcert, sslkey"],
    ["with a parameter that nobody knows", "surprise=1&a%00b=2", "surprise, a parameter without a proper name"],
  ])("%s works, and what is ignored is named", async (_, query, ignored) => {
    const said = await runAll(`${database.url}?${query}`)
    expect(said).toEqual(commands.map(() => `authjs-lazy: Ignored in the database URL: ${ignored}.`))
  })

  it.each([
    ["sslmode=allow"],
    ["sslmode=prefer"],
    ["sslmode=DISABLE"],
    ["application_name=night+job&connect_timeout=10"],
    ["options=-c%20search_path%3Dpublic%20-c%20statement_timeout%3D60000"],
    ["statement_timeout=60000&lock_timeout=10000&search_path=public"],
    ["target_session_attrs=read-write"],
    ["target_session_attrs=any&schema="],
    ["schema=public"],
  ])("understands %s", async (query) => {
    expect(await runAll(`${database.url}?${query}`)).toEqual(commands.map(() => ""))
  })

  it("leads to another place by the parameters of libpq, and to the first of several servers that answers", async () => {
    const { user, password, host, hostname, port, name } = parts()
    const urls = [
      `postgresql:///?host=${hostname}&port=${port}&user=${user}&password=${password}&dbname=${name}`,
      `postgresql://${user}:${password}@/${name}?host=${hostname}&port=${port}`,
      `postgres://nobody@192.0.2.1:1/nothing?hostaddr=${hostname}&port=${port}&user=${user}&password=${password}&dbname=${name}`,
      `postgresql://${user}:${password}@127.0.0.1:1,${host}/${name}`,
      `POSTGRES://${user}:${password}@${host}/${name}`,
    ]
    for (const url of urls) expect(await runAll(url), url).toEqual(commands.map(() => ""))
  })

  it("leads to a socket", async () => {
    const { user, password, port, name } = parts()
    const folder = (await database.query("show unix_socket_directories"))[0]?.unix_socket_directories as string
    for (const place of [
      `@/${name}?host=${folder}&port=${port}`,
      `@${encodeURIComponent(folder)}:${port}/${name}`,
      `@${encodeURIComponent(folder)}/${name}?port=${port}&sslmode=require`,
    ])
      expect(await runAll(`postgresql://${user}:${password}${place}`)).toEqual(commands.map(() => ""))
  })

  it("works through PgBouncer with what Supabase and Prisma add", async () => {
    const pooler = await startPooler(database.url, 1)
    onTestFinished(pooler.close)
    const said = await runAll(`${pooler.url}?pgbouncer=true&schema=public&sslmode=prefer&connection_limit=1`)
    expect(said).toEqual(commands.map(() => "authjs-lazy: Ignored in the database URL: pgbouncer, connection_limit."))
  })

  it("says how to have a certificate checked where it names one", async () => {
    const [said] = await runAll(`${database.url}?sslmode=prefer&sslrootcert=%2Fetc%2Fca.pem`)
    expect(said).toContain("Ignored in the database URL: sslrootcert.")
    expect(said).toContain("NODE_EXTRA_CA_CERTS=<file>")
  })

  it.each(["require", "verify-ca", "verify-full", "no-verify"])(
    "never goes on without TLS where it says %s",
    async (mode) => {
      const { code, stderr } = await runCommand(["stats"], { env: { DATABASE_URL: `${database.url}?sslmode=${mode}` } })
      expect({ code, lines: stderr.trimEnd().split("\n").length }).toEqual({ code: 1, lines: 1 })
    },
  )

  it("names the schema in which every command looks, and in which migrate makes the tables", async () => {
    const other = await emptyPostgres()
    onTestFinished(other.close)
    const url = `${other.url}?schema=Shop%20two`
    expect((await runCommand(["migrate", "--json"], { env: { DATABASE_URL: url } })).code).toBe(0)
    expect(await other.query(`select count(*)::int as n from "Shop two"."user"`)).toEqual([{ n: 0 }])
    expect(
      await other.query(
        `select relnamespace::regnamespace::text as schema from pg_class where relname in ('user', 'password', '__authjs_lazy_migrations') and relkind = 'r' group by 1`,
      ),
    ).toEqual([{ schema: '"Shop two"' }])
    await other.query(
      `insert into "Shop two"."user" (id, "lazySince", "seenAt") values ('old', now() - interval '1 year', now() - interval '1 year')`,
    )
    expect((await runCommand(["migrate"], { env: { DATABASE_URL: url } })).stdout).toContain("Nothing to do")
    expect(await runAll(url)).toEqual(commands.map(() => ""))
    expect(await other.query(`select count(*)::int as n from "Shop two"."user"`)).toEqual([{ n: 0 }])
  })

  it.each([
    ["sslmode=verify-everything", "sslmode in the database URL must be one of"],
    ["connect_timeout=soon", "connect_timeout in the database URL must be a number of seconds."],
    ["target_session_attrs=best", "target_session_attrs in the database URL must be one of"],
    ["service=shop", "names a service"],
    ["port=high", "not valid"],
  ])("with %s is refused in one line", async (query, said) => {
    const { code, stdout, stderr } = await runCommand(["stats"], { env: { DATABASE_URL: `${database.url}?${query}` } })
    expect({ code, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({ code: 1, stdout: "", lines: 1 })
    expect(stderr).toContain(said)
  })
})

describe("an address of something else", () => {
  it.each([
    `host=localhost password=${SECRET} dbname=app`,
    `password=${SECRET}`,
    `dbname=app;password=${SECRET}`,
    `Server=localhost;Port=5432;User Id=ada;Password=${SECRET};Database=app`,
    `Host=localhost;Username=ada;Password=${SECRET}`,
    `jdbc:postgresql://localhost/app?user=ada&password=${SECRET}`,
    `mysql://ada:${SECRET}@localhost/app`,
    `mongodb+srv://ada:${SECRET}@cluster.example.com`,
    `prisma://accelerate.prisma-data.net/?api_key=${SECRET}`,
    `prisma+postgres://localhost:51213/?api_key=${SECRET}`,
    `postgresql+psycopg2://ada:${SECRET}@localhost/app`,
    `https://ada:${SECRET}@db.example.com`,
    `psql 'postgresql://ada:${SECRET}@localhost/app'`,
    `psql -h localhost -U ada --password=${SECRET}`,
    `PGPASSWORD=${SECRET} psql`,
    `DATABASE_URL=postgres://ada:${SECRET}@localhost/app`,
    `"postgres://ada:${SECRET}@localhost/app"`,
    `ada:${SECRET}@localhost:5432/app`,
    `ada/${SECRET}@localhost`,
    `localhost:5432:app:ada:${SECRET}`,
    `//ada:${SECRET}@localhost/app`,
    `/${SECRET}@localhost;password=${SECRET}`,
    `./host=localhost password=${SECRET}`,
    `{"host":"localhost","password":"${SECRET}"}`,
    `${SECRET}\n`,
    `file:./dev.db?password=${SECRET}`,
    `sqlserver://localhost;password=${SECRET}`,
    `postgres:ada:${SECRET}@localhost/app`,
    `postgres:/ada:${SECRET}@localhost/app`,
    `$DATABASE_URL${SECRET}`,
  ])("is refused without its password, and leaves no folder: %s", async (address) => {
    const cwd = await mkdtemp(join(tmpdir(), "authjs-lazy-urls-"))
    onTestFinished(() => rm(cwd, { recursive: true, force: true }))
    const result = await runCommand(["migrate", "--json"], { env: { DATABASE_URL: address }, cwd })
    expect(result).toMatchObject({ code: 1, stdout: "" })
    expect(result.stderr).not.toContain(SECRET)
    expect(result.stderr.trimEnd().split("\n")).toHaveLength(1)
    expect(await readdir(cwd)).toEqual([])
  })

  it("says what to use in place of Prisma Accelerate", async () => {
    const { stderr } = await runCommand(["stats"], {
      env: { DATABASE_URL: "prisma://accelerate.prisma-data.net/?api_key=x" },
    })
    expect(stderr).toContain("Prisma Accelerate speaks HTTP. Use the URL of the database itself")
  })

  it.each(["data", "./my data", ".data/app_1", "./data=1", "C:\\data"])("a folder is still a folder: %s", (folder) => {
    expect(readDatabaseAddress(folder)).toMatchObject({ kind: "folder", folder })
  })
})
