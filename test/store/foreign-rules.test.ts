import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter } from "../../src/drizzle.js"
import { internals, type StoreInternals } from "../../src/store/lazy-store.js"
import { HASH, ownSession, unique } from "../contract/fixtures.js"
import { oneDriver, type TestDatabase } from "../setup/databases.js"

const by = { provider: "convert", type: "credentials" }

describe.each(oneDriver)("rules that the app has put on its user table, on $driver", ({ open }) => {
  let database: TestDatabase
  let store: StoreInternals
  const undo: string[] = []
  const count = async (what: string) => Number((await database.query(`select count(*) as n from ${what}`))[0]?.n)

  beforeAll(async () => {
    database = await open()
    store = internals(LazyAdapter(database.db).lazy)
  })
  afterAll(() => database.close())
  afterEach(async () => {
    await database.query(`delete from "user"`)
    for (const statement of undo.splice(0).reverse()) await database.query(statement)
    store = internals(LazyAdapter(database.db).lazy)
  })

  /** Changes the database until the test is over. */
  const change = async (statement: string, back: string) => {
    await database.query(statement)
    undo.push(back)
  }
  const addColumn = (definition: string) =>
    change(
      `alter table "user" add column ${definition}`,
      `alter table "user" drop column ${definition.split(" ")[0]} cascade`,
    )
  const dropRule = async (column: "email" | "username") => {
    await change(
      `alter table "user" drop constraint user_${column}_unique`,
      `alter table "user" add constraint user_${column}_unique unique (${column})`,
    )
  }
  const lazy = async () => (await store.createLazyUser({ session: ownSession(unique("token")) })).user

  describe("creating", () => {
    it("generates a name by itself", async () => {
      const { user, created } = await store.createLazyUser()
      expect(created).toBe(true)
      expect(user.username).toMatch(/^guest-[a-z\d]{10}$/)
    })

    it.each([
      ["phone text not null default '' unique", "user_phone_key", "phone"],
      ["phone int not null default 7 unique", "user_phone_key", "phone"],
    ])("names the rule on %s", async (definition, rule, column) => {
      await addColumn(definition)
      await lazy()
      const refused = lazy()
      await expect(refused).rejects.toMatchObject({ code: "setup" })
      await expect(refused).rejects.toThrow(`"${rule}" of the table user, on ${column},`)
      expect(await count(`"user"`)).toBe(1)
      expect(await count("session")).toBe(1)
    })

    it("names a rule on an expression", async () => {
      await addColumn("handle text not null default ''")
      await database.query(`create unique index handles on "user" (lower(handle))`)
      await lazy()
      await expect(lazy()).rejects.toThrow('"handles" of the table user, on lower(handle)')
    })

    it("names an exclusion constraint", async () => {
      await addColumn("desk int default 1")
      await database.query(`alter table "user" add constraint desks exclude (desk with =)`)
      await lazy()
      await expect(lazy()).rejects.toThrow('"desks" of the table user')
    })

    it("retries where the rule is the app's own on the username", async () => {
      await dropRule("username")
      await change(`create unique index names on "user" (lower(username))`, "drop index names")
      await store.createLazyUser({ generateName: () => "Guest" })
      const drawn = ["guest", "GUEST", "other"]
      const { user } = await store.createLazyUser({ generateName: () => drawn.shift() as string })
      expect(user.username).toBe("other")
      await expect(store.createLazyUser({ generateName: () => "gUEST" })).rejects.toMatchObject({
        code: "name_exhausted",
      })
    })

    it("names generateEmail where the address is constant", async () => {
      const generateEmail = () => "guest@lazy.invalid"
      await store.createLazyUser({ generateEmail })
      const refused = store.createLazyUser({ generateEmail })
      await expect(refused).rejects.toMatchObject({ code: "setup" })
      await expect(refused).rejects.toThrow("generateEmail returned an address that another user has")
    })

    it.each([
      ["no address", "guest"],
      ["an address with a line break", "a@b.example\nbcc: c@d.example"],
      ["NUL", "a\0@lazy.invalid"],
      ["a number", 7],
      ["an object", { toString: () => "a@lazy.invalid" }],
      ["one that is too long", `${"a".repeat(300)}@lazy.invalid`],
    ])("refuses an address that is %s", async (_, made) => {
      const refused = store.createLazyUser({ generateEmail: () => made as string })
      await expect(refused).rejects.toMatchObject({ code: "setup" })
      await expect(refused).rejects.toThrow("generateEmail must return an e-mail address")
      expect(await count(`"user"`)).toBe(0)
    })

    it("stores the address that was made in lower case", async () => {
      const { user } = await store.createLazyUser({ generateEmail: () => " Guest@Lazy.Invalid " })
      expect(user.email).toBe("guest@lazy.invalid")
    })

    it.each([
      ["undefined", undefined],
      ["a number", 7],
      ["nothing", ""],
    ])("refuses a name that is %s", async (_, made) => {
      await expect(store.createLazyUser({ generateName: () => made as string })).rejects.toThrow(
        "generateName must return a name",
      )
    })

    it("names a trigger that drops the row", async () => {
      await change(
        `create function closed() returns trigger language plpgsql as 'begin return null; end'`,
        "drop function closed() cascade",
      )
      await database.query(`create trigger closed before insert on "user" for each row execute function closed()`)
      const refused = lazy()
      await expect(refused).rejects.toMatchObject({ code: "setup" })
      await expect(refused).rejects.toThrow("BEFORE INSERT trigger")
    })

    it("names a column that is NOT NULL, of which the definition in Drizzle knows nothing", async () => {
      await addColumn("tenant text not null")
      const refused = lazy()
      await expect(refused).rejects.toMatchObject({ code: "setup" })
      await expect(refused).rejects.toThrow('the column "tenant" of the table user is NOT NULL')
    })

    it("names a check that forbids the row", async () => {
      await addColumn("age int")
      await database.query(`alter table "user" add constraint grown check (coalesce(age, 0) > 17)`)
      await expect(lazy()).rejects.toThrow('the check "grown"')
    })

    it("names the generator whose value is too long", async () => {
      // Of its own: statements that are prepared on a connection don't outlive a change of type.
      const own = await open()
      try {
        await own.query(`alter table "user" alter username type varchar(10), alter email type varchar(20)`)
        const { lazy } = LazyAdapter(own.db)
        await expect(lazy.createLazyUser()).rejects.toThrow("generateName returned a value that the column `username`")
        await expect(
          lazy.createLazyUser({ generateName: () => "short", generateEmail: ({ id }) => `${id}@lazy.invalid` }),
        ).rejects.toThrow("generateEmail returned a value that the column `email`")
      } finally {
        await own.close()
      }
    })

    it("leaves errors about the session what they are", async () => {
      await store.createLazyUser({ session: ownSession("twice") })
      await expect(store.createLazyUser({ session: ownSession("twice") })).rejects.not.toMatchObject({ code: "setup" })
    })
  })

  describe("columns with defaults of the database", () => {
    it.each(["emailVerified", "convertedAt", "lazySince", "seenAt"])("%s is written all the same", async (column) => {
      await change(
        `alter table "user" alter "${column}" set default now()`,
        `alter table "user" alter "${column}" drop default`,
      )
      const made = await lazy()
      expect(made).toMatchObject({ emailVerified: null, convertedAt: null })
      const real = await store.createRealUser({ username: unique("ada"), passwordHash: HASH })
      expect(real).toMatchObject({ emailVerified: null, convertedAt: null, lazySince: null, seenAt: null })
      const passkey = await LazyAdapter(database.db).createUser({ name: "Ada" } as never)
      expect(passkey).toMatchObject({ emailVerified: null, convertedAt: null, lazySince: null, seenAt: null })
    })

    it.each(["email", "username"])("%s is written all the same", async (column) => {
      await change(
        `alter table "user" alter "${column}" set default 'x@example.com'`,
        `alter table "user" alter "${column}" drop default`,
      )
      const [one, other] = [await lazy(), await lazy()]
      expect([one.email, other.email]).toEqual([null, null])
      await store.createRealUser({ [column === "email" ? "username" : "email"]: "y@example.com", passwordHash: HASH })
      const made = await LazyAdapter(database.db).createUser({ name: "Ada" } as never)
      expect(made).toMatchObject({ email: null, username: null })
    })

    it("an address that was counted as proven is not any more when it is replaced", async () => {
      const user = await lazy()
      await database.query(`update "user" set "emailVerified" = now()`)
      const report = await store.convert({ userId: user.id, set: { email: "ada@example.com" }, by })
      expect(report.user.emailVerified).toBeNull()
    })

    it.each([
      ["emailVerified", `new."emailVerified" = now()`],
      ["convertedAt", `new."convertedAt" = now()`],
      ["lazySince", `new."lazySince" = null`],
    ])("a trigger that changes %s makes no user", async (column, body) => {
      await change(
        `create function meddle() returns trigger language plpgsql as $$ begin ${body}; return new; end $$`,
        "drop function meddle() cascade",
      )
      await database.query(`create trigger meddle before insert on "user" for each row execute function meddle()`)
      const refused = lazy()
      await expect(refused).rejects.toMatchObject({ code: "setup" })
      await expect(refused).rejects.toThrow(`${column} was written as`)
      expect(await count(`"user"`)).toBe(0)
      expect(await count("session")).toBe(0)
      if (column === "lazySince") return
      await expect(store.createRealUser({ username: unique("ada"), passwordHash: HASH })).rejects.toThrow(column)
      expect(await count(`"user"`)).toBe(0)
    })
  })

  describe("names and addresses that are taken", () => {
    const both = async (set: { email?: string; username?: string }, identifier: string) => {
      const user = await lazy()
      const converting = store.convert({ userId: user.id, set, by, passwordHash: HASH, session: ownSession() })
      await expect(converting).rejects.toMatchObject({ code: "identifier_taken", identifier })
      const signingUp = store.createRealUser({ ...set, passwordHash: HASH })
      await expect(signingUp).rejects.toMatchObject({ code: "identifier_taken", identifier })
      expect(await count(`"user" where id = '${user.id}' and "convertedAt" is null`)).toBe(1)
      expect(await count("password")).toBe(0)
    }

    it.each([
      ["lower(email)", `create unique index addresses on "user" (lower(email))`],
      ["lower(email) of some rows", `create unique index addresses on "user" (lower(email)) where email <> ''`],
      ["a generated column", `create unique index addresses on "user" (folded)`],
      ["an exclusion constraint", `alter table "user" add constraint addresses exclude (lower(email) with =)`],
      ["the address with another column", `create unique index addresses on "user" (coalesce(name, ''), lower(email))`],
    ])("by a rule on %s", async (_, rule) => {
      await addColumn("folded text generated always as (lower(email)) stored")
      await dropRule("email")
      await database.query(rule)
      undo.push(
        rule.startsWith("alter")
          ? `alter table "user" drop constraint if exists addresses`
          : "drop index if exists addresses",
      )
      await database.query(`insert into "user" (id, email) values ('mixed', 'Ada@Example.com')`)
      await both({ email: "ada@example.com" }, "email")
    })

    it("by a rule on lower(username)", async () => {
      await dropRule("username")
      await change(`create unique index names on "user" (lower(username))`, "drop index names")
      await database.query(`insert into "user" (id, username) values ('mixed', 'Ada')`)
      await both({ username: "ada" }, "username")
    })

    it("by a trigger that names the column", async () => {
      await change(
        `create function unique_address() returns trigger language plpgsql as $$ begin
          if new.email = 'taken@example.com' then
            raise exception 'taken' using errcode = 'unique_violation', column = 'email', table = 'user';
          end if; return new; end $$`,
        "drop function unique_address() cascade",
      )
      await database.query(
        `create trigger t before insert or update on "user" for each row execute function unique_address()`,
      )
      await both({ email: "taken@example.com" }, "email")
    })

    it("eight at once: one has it, the others are told", async () => {
      const users = await Promise.all(Array.from({ length: 8 }, lazy))
      const results = await Promise.allSettled(
        users.map(({ id }) => store.convert({ userId: id, set: { email: "ada@example.com" }, by })),
      )
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
      for (const result of results.filter(({ status }) => status === "rejected"))
        expect(result).toMatchObject({ reason: { code: "identifier_taken", identifier: "email" } })
    })

    it("names the rule where it is about something else", async () => {
      await addColumn("nick text")
      await change(
        `create function nick() returns trigger language plpgsql as $$ begin new.nick = 'same'; return new; end $$`,
        "drop function nick() cascade",
      )
      await database.query(
        `create trigger t before update on "user" for each row when (new."convertedAt" is not null) execute function nick()`,
      )
      await database.query(`create unique index nicks on "user" (nick)`)
      const [one, other] = [await lazy(), await lazy()]
      await store.convert({ userId: one.id, set: { username: "one" }, by })
      await expect(store.convert({ userId: other.id, set: { username: "other" }, by })).rejects.toThrow('"nicks"')
    })
  })

  describe("where no rule guards what is written", () => {
    it.each(["email", "username"] as const)(
      "%s is not written, and the statement that adds one is told",
      async (column) => {
        await dropRule(column)
        const user = await lazy()
        const value = column === "email" ? "ada@example.com" : "ada"
        const refusals = await Promise.allSettled([
          store.convert({ userId: user.id, set: { [column]: value }, by }),
          store.createRealUser({ [column]: value, passwordHash: HASH }),
        ])
        for (const refusal of refusals) expect(refusal).toMatchObject({ reason: { code: "setup" } })
        const message = String((refusals[0] as PromiseRejectedResult).reason.message)
        const statement = message.slice(message.indexOf("create unique index"))
        expect(statement).toBe(
          `create unique index concurrently "user_${column}_unique" on public."user" ("${column}");`,
        )
        expect(await count(`"user" where "convertedAt" is not null`)).toBe(0)

        await database.query(statement.replace("concurrently ", ""))
        expect((await store.convert({ userId: user.id, set: { [column]: value }, by })).user[column]).toBe(value)
        await database.query(`drop index "user_${column}_unique"`)
      },
    )

    it("a rule that holds the id as well is none", async () => {
      await dropRule("email")
      await change(`create unique index pairs on "user" (id, email)`, "drop index pairs")
      const user = await lazy()
      await expect(store.convert({ userId: user.id, set: { email: "a@example.com" }, by })).rejects.toThrow("unique")
    })

    it("somebody who brings neither converts", async () => {
      await dropRule("email")
      await dropRule("username")
      const user = await lazy()
      await store.convert({ userId: user.id, set: { username: null, name: "Ada" }, by })
    })
  })

  describe("values that a column refuses", () => {
    const refused = async (set: { email?: string; username?: string; name?: string }, identifier: string) => {
      const user = await lazy()
      const converting = store.convert({ userId: user.id, set, by, passwordHash: HASH })
      await expect(converting).rejects.toMatchObject({ code: "identifier_invalid", identifier })
      const signingUp = store.createRealUser({ ...set, passwordHash: HASH })
      await expect(signingUp).rejects.toMatchObject({ code: "identifier_invalid", identifier })
      expect(await count(`"user" where "lazySince" is null or "convertedAt" is not null`)).toBe(0)
    }

    it("too long for its column", async () => {
      await change(
        `alter table "user" alter username type varchar(17), alter email type varchar(20), alter name type varchar(5)`,
        `alter table "user" alter username type text, alter email type text, alter name type text`,
      )
      await refused({ email: `${"a".repeat(10)}@example.com` }, "email")
      await refused({ username: "a".repeat(18) }, "username")
      await refused({ username: "ada", name: "Adaaaa" }, "username")
    })

    it("against a check", async () => {
      await database.query(`alter table "user" add constraint ours check (email like '%@example.com')`)
      undo.push(`alter table "user" drop constraint ours`)
      await refused({ email: "ada@example.org" }, "email")
      await database.query(`alter table "user" add constraint names check (username !~ 'admin')`)
      undo.push(`alter table "user" drop constraint names`)
      await refused({ username: "admin" }, "username")
    })

    it("against the check or the length of a domain", async () => {
      await database.query("create domain address as varchar(24) check (value ~ '@')")
      await database.query("create domain handle as text check (value <> 'root')")
      await database.query(`alter table "user" alter email type address, alter username type handle`)
      undo.push("drop domain address, handle", `alter table "user" alter email type text, alter username type text`)
      await refused({ email: "nobody" }, "email")
      await refused({ email: `${"a".repeat(20)}@example.com` }, "email")
      await refused({ username: "root" }, "username")
    })

    it("with NUL", async () => {
      await refused({ email: "a\0@example.com" }, "email")
      await refused({ username: "a\0da" }, "username")
    })

    it("a hash column that is too short is named", async () => {
      await change(`alter table password alter hash type varchar(40)`, `alter table password alter hash type text`)
      const user = await lazy()
      await expect(
        store.convert({ userId: user.id, set: { username: "ada" }, passwordHash: HASH, by }),
      ).rejects.toThrow("`hash` of passwordsTable is too short")
    })
  })
})
