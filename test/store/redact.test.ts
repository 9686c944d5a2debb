import { PGlite } from "@electric-sql/pglite"
import { eq, sql } from "drizzle-orm"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Database, LazyAdapter, usersTable } from "../../src/drizzle.js"
import { MergeConflictError } from "../../src/index.js"
import { internals } from "../../src/store/lazy-store.js"
import { redactError } from "../../src/store/sql/redact.js"
import { sqlState } from "../../src/store/sql/sql-state.js"
import { brokenConstraint } from "../../src/store/sql/violation.js"
import { drivers, type TestDatabase } from "../setup/databases.js"
import { everythingOf, UsedValues } from "../setup/used-values.js"

const TOKEN = "5d1d3a10-2f4c-4c58-9d5b-1a3c6f1f6a01"
const HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWRWJTmaaJObG"
const ADDRESS = "ada.of.the.test@example.com"
const OAUTH = "gho_16C7e42F292c6912E7710c838347Ae178B4a"
const VERIFICATION = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
const expires = new Date(Date.now() + 86_400_000)

/** What failed with the first driver, whose statements the others share. */
const failing = new Map<string, Set<string>>()

describe.each(drivers)("errors of a failing database ($driver)", ({ driver, open }) => {
  let database: TestDatabase
  let adapter: LazyAdapter
  const used = new UsedValues()
  let names = 0
  const name = () => `visitor-${names++}`
  const lazyUser = async () => (await adapter.lazy.createLazyUser({ generateName: name })).user.id
  const realUser = async () =>
    (
      await internals(adapter.lazy).createRealUser({
        username: name(),
        email: `${names}.${ADDRESS}`,
        passwordHash: HASH,
      })
    ).id

  /**
   * Every operation of the store and the adapter by name. Each gets the ids of a lazy and a real
   * user.
   */
  const operations: Record<string, (lazy: string, real: string) => Promise<unknown>> = {
    createLazyUser: () =>
      adapter.lazy.createLazyUser({ generateName: name, session: { sessionToken: TOKEN, expires } }),
    ensureUser: (lazy) =>
      internals(adapter.lazy).ensureUser({
        ids: [lazy],
        generateName: name,
        session: { sessionToken: TOKEN, expires },
      }),
    convert: (lazy) =>
      internals(adapter.lazy).convert({
        userId: lazy,
        set: { username: name(), email: ADDRESS },
        passwordHash: HASH,
        session: { sessionToken: TOKEN, expires },
        by: { provider: "convert", type: "credentials" },
        link: {
          account: {
            userId: lazy,
            type: "oauth",
            provider: "github",
            providerAccountId: "the-account-of-ada",
            access_token: OAUTH,
          },
        },
      }),
    merge: (lazy, real) =>
      internals(adapter.lazy).merge(lazy, real, { session: { sessionToken: TOKEN, expires }, provesEmail: true }),
    createRealUser: () =>
      internals(adapter.lazy).createRealUser({
        username: name(),
        email: ADDRESS,
        passwordHash: HASH,
        session: { sessionToken: TOKEN, expires },
      }),
    checkPassword: () =>
      internals(adapter.lazy).checkPassword({ email: ADDRESS }, async () => ({ ok: true, rehashed: HASH })),
    proveEmail: (_, real) => internals(adapter.lazy).proveEmail(real),
    hasPassword: (_, real) => adapter.lazy.hasPassword(real),
    setPassword: (_, real) => adapter.lazy.setPassword(real, HASH),
    "touch by id": (lazy) => internals(adapter.lazy).touch({ userId: lazy }, 0),
    "touch by session": () => internals(adapter.lazy).touch({ session: { sessionToken: TOKEN, expires } }, 0),
    purge: () => adapter.lazy.purge({ olderThan: 0, force: true }),
    stats: () => adapter.lazy.stats(),
    deleteLazyUser: (lazy) => adapter.lazy.deleteLazyUser(lazy),
    getUser: async (lazy) => adapter.getUser(lazy),
    getUserByEmail: async () => adapter.getUserByEmail(ADDRESS),
    getUserByAccount: async () => adapter.getUserByAccount({ provider: "github", providerAccountId: OAUTH }),
    createUser: async () => adapter.createUser({ id: "", email: ADDRESS, emailVerified: null, name: OAUTH }),
    updateUser: async (_, real) => adapter.updateUser({ id: real, email: ADDRESS }),
    deleteUser: (_, real) => Promise.resolve(adapter.deleteUser(real)),
    linkAccount: async (lazy) =>
      adapter.linkAccount({
        userId: lazy,
        type: "oauth",
        provider: "github",
        providerAccountId: "another-account",
        access_token: OAUTH,
      }),
    getSessionAndUser: async () => adapter.getSessionAndUser(TOKEN),
    createSession: async (lazy) => adapter.createSession({ sessionToken: TOKEN, userId: lazy, expires }),
    updateSession: async () => adapter.updateSession({ sessionToken: TOKEN, expires }),
    deleteSession: async () => adapter.deleteSession(TOKEN),
    createVerificationToken: async () =>
      adapter.createVerificationToken({ identifier: ADDRESS, token: VERIFICATION, expires }),
    useVerificationToken: async () => adapter.useVerificationToken({ identifier: ADDRESS, token: VERIFICATION }),
    getAuthenticator: async () => adapter.getAuthenticator(VERIFICATION),
    listAuthenticatorsByUserId: async (lazy) => adapter.listAuthenticatorsByUserId(lazy),
    createAuthenticator: async (lazy) =>
      adapter.createAuthenticator({
        userId: lazy,
        credentialID: VERIFICATION,
        providerAccountId: VERIFICATION,
        credentialPublicKey: OAUTH,
        counter: 0,
        credentialDeviceType: "singleDevice",
        credentialBackedUp: false,
        transports: null,
      }),
  }

  const TABLES = ["user", "session", "account", "password", "verificationToken", "authenticator", "lazyOutcome"]

  /** Makes every statement on a table fail, in words that quote whatever they can. */
  const failures: Record<string, { fail: (table: string) => string; mend: (table: string) => string }> = {
    "a table that is gone": {
      fail: (table) => `alter table "${table}" rename to "${table}_gone"`,
      mend: (table) => `alter table "${table}_gone" rename to "${table}"`,
    },
    "a trigger that quotes the rows": {
      fail: (table) =>
        `create trigger no before insert or update or delete on "${table}" for each row execute function quote_row()`,
      mend: (table) => `drop trigger no on "${table}"`,
    },
    "a cast in a trigger that PostgreSQL refuses": {
      fail: (table) =>
        `create trigger no before insert or update or delete on "${table}" for each row execute function cast_row()`,
      mend: (table) => `drop trigger no on "${table}"`,
    },
    "a check that nothing meets": {
      fail: (table) => `alter table "${table}" add constraint never_met check (false) not valid`,
      mend: (table) => `alter table "${table}" drop constraint never_met`,
    },
  }

  beforeAll(async () => {
    database = await open()
    adapter = LazyAdapter(used.watch(driver, database))
    await database.query(`create function quote_row() returns trigger language plpgsql as $$ begin
      raise exception 'No: %', to_jsonb(coalesce(new, old)) using detail = to_jsonb(coalesce(new, old))::text, hint = to_jsonb(coalesce(new, old))::text;
    end $$`)
    await database.query(`create function cast_row() returns trigger language plpgsql as $$ begin
      perform (select (jsonb_each_text(to_jsonb(coalesce(new, old)))).value::uuid::text::int);
      return new;
    end $$`)
  })
  afterAll(() => database.close())

  it.each(Object.keys(failures))("hold no value of any statement, by %s", async (failure) => {
    const { fail, mend } = failures[failure] as (typeof failures)[string]
    const failed = new Set<string>()
    const known = failing.get(failure)
    const found = new Set<string>()
    for (const table of TABLES) {
      for (const [operation, run] of Object.entries(operations)) {
        if (known && !known.has(`${operation} ${table}`)) continue
        const [lazy, real] = [await lazyUser(), await realUser()]
        // Rows to be changed and deleted, so that their triggers fire.
        await database.query(
          `insert into session ("sessionToken", "userId", expires) values ('${TOKEN}', '${lazy}', now()) on conflict do nothing`,
        )
        await database.query(
          `insert into "verificationToken" (identifier, token, expires) values ('${ADDRESS}', '${VERIFICATION}', now() + interval '1 day') on conflict do nothing`,
        )
        await database.query(fail(table))
        used.values.clear()
        const error: unknown = await run(lazy, real).then(
          (result) => ((JSON.stringify(result) ?? "").includes('"failed":[{') ? result : undefined),
          (error: unknown) => error,
        )
        await database.query(mend(table))
        await database.query(`delete from "user"`)
        if (error === undefined) continue
        failed.add(operation)
        found.add(`${operation} ${table}`)
        const text = everythingOf(error)
        for (const secret of [TOKEN, HASH, ADDRESS, OAUTH, VERIFICATION]) expect(text, operation).not.toContain(secret)
        // A report names the users who failed; an error doesn't.
        if (error instanceof Error) expect(used.in(text), operation).toEqual([])
        if (error instanceof Error && error.cause instanceof Error)
          expect(sqlState(error), operation).toMatch(/^[0-9A-Z]{5}$/)
      }
    }
    failing.set(failure, found)
    expect(failed.size).toBeGreaterThan(12)
  })

  it("hold the SQLSTATE, the table and the constraint, of the class that the driver throws", async () => {
    const lazy = await lazyUser()
    await adapter.createSession({ sessionToken: TOKEN, userId: lazy, expires })
    const raw: unknown = await (database.db as Database)
      .execute(sql`select ${TOKEN}::int`)
      .catch((error: unknown) => error)
    const error: unknown = await Promise.resolve(
      adapter.createSession({ sessionToken: TOKEN, userId: lazy, expires }),
    ).catch((error: unknown) => error)
    expect(error).toBeInstanceOf((raw as Error).constructor)
    expect((error as Error).cause).toBeInstanceOf(((raw as Error).cause as Error).constructor)
    expect((error as Error).message).toBe('Failed query: insert into "session"')
    expect(((error as Error).cause as Error).message).toMatch(
      /^duplicate key value violates unique constraint "session_pkey"$/,
    )
    expect((error as Error).stack).toMatch(/\n {4}at .*redact\.test/)
    expect(sqlState(error)).toBe("23505")
    expect(brokenConstraint(error)).toEqual({ schema: "public", table: "session", constraint: "session_pkey" })
  })

  it("hold no value that a trigger quotes, of an error as Drizzle below 0.44 passes it on", async () => {
    await database.query(
      `create or replace function quote(given text) returns int language plpgsql as $$ begin raise 'No: %', given; end $$`,
    )
    const wrapped: unknown = await (database.db as Database)
      .execute(sql`select quote(${"the-name-of-ada"})`)
      .catch((error: unknown) => error)
    const raw = (wrapped as Error).cause as Error
    expect(raw.message).toBe("No: the-name-of-ada")
    const error = redactError(raw)
    expect(everythingOf(error)).not.toContain("the-name-of-ada")
    expect(error).toBeInstanceOf(raw.constructor)
    expect(sqlState(error)).toBe("P0001")
  })

  describe("in a hook of the app", () => {
    class OutOfStock extends Error {
      readonly code = "23505"
    }
    const convertWith = async (onConvert: (tx: Database) => Promise<void>) => {
      const conversion = { set: {}, by: { provider: "p", type: "credentials" } }
      const userId = await lazyUser()
      return internals(adapter.lazy)
        .convert({ ...conversion, userId, onConvert: ({ tx }) => onConvert(tx) })
        .catch((error: unknown) => error)
    }

    it("the app's own error arrives itself", async () => {
      const thrown = new OutOfStock("No lamp is left.", { cause: { lamp: 1 } })
      const frozen = Object.freeze(new OutOfStock("No lamp is left."))
      expect(await convertWith(() => Promise.reject(thrown))).toBe(thrown)
      expect(thrown).toMatchObject({ message: "No lamp is left.", cause: { lamp: 1 } })
      expect(await convertWith(() => Promise.reject(frozen))).toBe(frozen)
    })

    it("a failed statement arrives as the class that it is, without its values", async () => {
      const error = await convertWith(async (tx) => {
        await tx
          .select()
          .from(usersTable)
          .where(eq(usersTable.lazySince, sql`${TOKEN}::int::text::timestamptz`))
      })
      expect(sqlState(error)).toBe("22P02")
      expect(((error as Error).cause as Error).message).toBe("invalid input syntax for type integer")
      expect(everythingOf(error)).not.toContain(TOKEN)
    })

    it("the app's own error arrives itself, and what caused it has no values", async () => {
      let thrown: unknown
      const error = await convertWith(async (tx) => {
        await tx.execute(sql`select ${TOKEN}::int`).catch((cause: unknown) => {
          thrown = new OutOfStock("The stock was not counted.", { cause })
          throw thrown
        })
      })
      expect(error).toBe(thrown)
      expect(everythingOf(error)).not.toContain(TOKEN)
      expect(((error as Error).cause as Error).message).toContain("Failed query")
    })
  })

  it("keep the cause of a merge that can't be done, without its values", async () => {
    await database.query(
      `create table badge ("userId" text primary key references "user", secret text, check ("userId" not like 'real%'))`,
    )
    const [lazy] = [await lazyUser()]
    await database.query(`insert into "user" (id, name) values ('real-one', 'R')`)
    await database.query(
      `create function keep() returns trigger language plpgsql as $$ begin raise exception 'row %', new using errcode = '23514', table = 'badge', constraint = 'c'; end $$`,
    )
    await database.query(`insert into badge values ('${lazy}', '${OAUTH}')`)
    await database.query(`create trigger keep before update or delete on badge for each row execute function keep()`)
    const error: unknown = await adapter.lazy.merge(lazy, "real-one").catch((error: unknown) => error)
    expect(error).toBeInstanceOf(MergeConflictError)
    expect((error as MergeConflictError).cause).toBeInstanceOf(Error)
    expect(everythingOf(error)).not.toContain(OAUTH)
    await database.query(`drop table badge`)
  })

  it("of a database that is away hold no value either", async () => {
    const ids = [await lazyUser(), await realUser()] as const
    const { $client: client } = database.db as { $client?: unknown }
    if (client instanceof PGlite) await client.close()
    else await database.close()
    for (const [operation, run] of Object.entries(operations)) {
      const error: unknown = await run(...ids).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(error, operation).toBeInstanceOf(Error)
      const text = everythingOf(error)
      for (const secret of [TOKEN, HASH, ADDRESS, OAUTH, VERIFICATION]) expect(text, operation).not.toContain(secret)
      expect(used.in(text), operation).toEqual([])
    }
    database = { ...database, close: async () => {} }
  })
})
