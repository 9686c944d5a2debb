import { pbkdf2Sync, randomBytes, scryptSync, timingSafeEqual } from "node:crypto"
import bcrypt from "bcryptjs"
import { pgTable, text, timestamp } from "drizzle-orm/pg-core"
import { beforeAll, describe, expect, it } from "vitest"
import { LazyAdapter, lazyColumns, schema } from "../../src/drizzle.js"
import { type LazyConfig, LazyProvider } from "../../src/index.js"
import { ConvertProvider, hashPassword, PasswordProvider } from "../../src/password.js"
import { internals } from "../../src/store/lazy-store.js"
import { unique } from "../contract/fixtures.js"
import { describeFlows, password, refusal } from "../setup/flow-app.js"

const userColumns = () => ({
  id: text("id")
    .primaryKey()
    .$defaultFn(() => crypto.randomUUID()),
  name: text("name"),
  email: text("email"),
  emailVerified: timestamp("emailVerified", { mode: "date" }),
  image: text("image"),
  ...lazyColumns(),
})
const users = pgTable("user", { ...userColumns(), password: text("password") })

const salt = () => randomBytes(16).toString("hex")
const derive = {
  scrypt: (secret: string, salt: string) => scryptSync(secret, salt, 32, { N: 1024 }),
  pbkdf2: (secret: string, salt: string) => pbkdf2Sync(secret, salt, 1000, 32, "sha256"),
}
type Derived = keyof typeof derive
const derived = (kind: Derived, secret: string, salted = salt()) =>
  `${kind}:${salted}:${derive[kind](secret, salted).toString("hex")}`

/** Hashes a password in the ways of other libraries. */
const hashes: Record<string, (secret: string) => string> = {
  bcrypt: (secret) => bcrypt.hashSync(secret, 4),
  scrypt: (secret) => derived("scrypt", secret),
  pbkdf2: (secret) => derived("pbkdf2", secret),
}

async function verifyOther(hash: string, secret: string): Promise<boolean> {
  if (hash.startsWith("$2")) return bcrypt.compare(secret, hash)
  const [kind, salted = ""] = hash.split(":")
  return timingSafeEqual(Buffer.from(derived(kind as Derived, secret, salted)), Buffer.from(hash))
}

describeFlows("passwords hashed by another library", (app, strategy) => {
  beforeAll(async () => {
    await app.database.query(`alter table "user" add column password text`)
  })
  const config = (options: Parameters<typeof PasswordProvider>[0] = { verifyOther }): Partial<LazyConfig> => ({
    adapter: LazyAdapter(app.database.db, { ...schema, usersTable: users, legacyHash: users.password }),
    providers: [LazyProvider(), ConvertProvider(), PasswordProvider(options)],
    lazy: { recheck: 0 },
  })
  const lazyStore = () => internals((config().adapter as LazyConfig["adapter"]).lazy)
  const person = async (place: "table" | "column", hash: string) => {
    const username = unique("ada")
    const { id } = await internals(app.config.adapter.lazy).createRealUser({ username, passwordHash: "none" })
    if (place === "table") await app.database.query(`update password set hash = '${hash}' where "userId" = '${id}'`)
    else {
      await app.database.query(`delete from password where "userId" = '${id}'`)
      await app.database.query(`update "user" set password = '${hash}' where id = '${id}'`)
    }
    return { id, username }
  }
  const stored = async (id: string) => {
    const [row] = await app.database.query(
      `select password, (select hash from password where "userId" = id) as hash from "user" where id = '${id}'`,
    )
    return row as { password: string | null; hash: string | null }
  }
  const signIn = (username: string, secret: string, changes = config()) =>
    app.browser(changes).signIn("password", { username, password: secret })

  describe.each(["table", "column"] as const)("in the %s", (place) => {
    it.each(Object.keys(hashes))("sign in, and are hashed anew: %s", async (kind) => {
      const hash = (hashes[kind] as (secret: string) => string)(password)
      const { id, username } = await person(place, hash)
      expect(refusal(await signIn(username, "not this one"))).toBe("wrong_credentials")
      expect(await stored(id)).toEqual(place === "table" ? { password: null, hash } : { password: hash, hash: null })
      const browser = app.browser(config())
      await browser.signIn("password", { username, password })
      expect((await browser.session())?.user.id).toBe(id)
      expect(await stored(id)).toEqual({ password: null, hash: expect.stringMatching(/^\$argon2id\$/) })
      // The function of the app is needed no more.
      const later = app.browser(config({}))
      await later.signIn("password", { username, password })
      expect((await later.session())?.user.id).toBe(id)
    })

    it("match nothing without the function", async () => {
      const { username } = await person(place, hashes.bcrypt?.(password) as string)
      expect(refusal(await signIn(username, password, config({})))).toBe("wrong_credentials")
    })

    it("merge the lazy user of the browser, and are hashed anew last", async () => {
      const { id, username } = await person(place, hashes.bcrypt?.(password) as string)
      const before = await stored(id)
      const refusing = { ...config(), callbacks: { signIn: () => false } }
      const { browser, id: lazyId } = await app.lazyBrowser(config())
      const denied = await app.lazyBrowser(refusing).catch(() => null)
      expect(denied).toBeNull()
      await signIn(username, password, refusing)
      expect(await stored(id)).toEqual(before)
      await browser.signIn("password", { username, password })
      expect((await browser.session())?.user).toMatchObject({ id, isLazy: false })
      expect(await app.count(`"user" where id = '${lazyId}'`)).toBe(0)
      expect((await stored(id)).hash).toMatch(/^\$argon2id\$/)
    })

    it("sign in while a new hash can't be stored", async () => {
      const { id, username } = await person(place, hashes.bcrypt?.(password) as string)
      const before = await stored(id)
      await app.database.query(
        `alter table password add constraint refused check (hash not like '$argon2id$%' or "userId" <> '${id}')`,
      )
      app.logged.length = 0
      const browser = app.browser(config())
      await browser.signIn("password", { username, password })
      expect((await browser.session())?.user.id).toBe(id)
      expect(await stored(id)).toEqual(before)
      expect(app.logged).toHaveLength(1)
      expect(JSON.stringify([app.logged[0]?.message, app.logged[0]?.stack])).not.toContain("argon2id$v")
      await app.database.query("alter table password drop constraint refused")
    })

    it("are gone once the password is changed, or removed by a proof of the address", async () => {
      const hash = hashes.bcrypt?.(password) as string
      const changed = await person(place, hash)
      expect(await lazyStore().hasPassword(changed.id)).toBe(true)
      expect(await lazyStore().setPassword(changed.id, await hashPassword("another password"))).toBe(true)
      expect(refusal(await signIn(changed.username, password))).toBe("wrong_credentials")
      expect(refusal(await signIn(changed.username, "another password"))).toBeNull()
      const proven = await person(place, hash)
      await app.database.query(`update "user" set email = '${unique("p")}@example.com' where id = '${proven.id}'`)
      const browser = app.browser(config())
      await browser.signIn("password", { username: proven.username, password })
      await person(place, hash)
      await app.database.query(`update "user" set password = '${hash}' where id = '${proven.id}'`)
      expect(await lazyStore().proveEmail(proven.id)).toMatchObject({ passwordRemoved: true })
      expect(await stored(proven.id)).toEqual({ password: null, hash: null })
      expect(refusal(await signIn(proven.username, password))).toBe("wrong_credentials")
      expect(await browser.session()).toBeNull()
    })

    it("leave a password alone that was changed while the old one was compared", async () => {
      const hash = hashes.bcrypt?.(password) as string
      const { id, username } = await person(place, hash)
      const newer = await hashPassword("another password")
      const slow = async (other: string, secret: string) => {
        const ok = await verifyOther(other, secret)
        if (other === hash) await lazyStore().setPassword(id, newer)
        return ok
      }
      const { browser: merging } = await app.lazyBrowser(config({ verifyOther: slow }))
      const alone = app.browser(config({ verifyOther: slow }))
      for (const browser of [alone, merging]) {
        await browser.signIn("password", { username, password })
        expect(await stored(id)).toEqual({ password: null, hash: newer })
        // JWTs end with no change of a password.
        if (strategy === "database" || browser === merging) expect((await browser.session())?.user.id).not.toBe(id)
        await app.database.query(
          place === "table"
            ? `update password set hash = '${hash}' where "userId" = '${id}'`
            : `delete from password where "userId" = '${id}'`,
        )
        if (place === "column") await app.database.query(`update "user" set password = '${hash}' where id = '${id}'`)
      }
    })

    it("are hashed anew once, by several sign-ins at the same moment", async () => {
      const { id, username } = await person(place, hashes.bcrypt?.(password) as string)
      const answers = await Promise.all([1, 2, 3].map(() => signIn(username, password)))
      expect(answers.map(refusal)).toEqual([null, null, null])
      expect(await stored(id)).toEqual({ password: null, hash: expect.stringMatching(/^\$argon2id\$/) })
      expect(refusal(await signIn(username, password))).toBeNull()
    })
  })

  it("take as many comparisons for a name that nobody has, or with another kind of hash", async () => {
    const { username } = await person("column", hashes.bcrypt?.(password) as string)
    const own = unique("eve")
    await lazyStore().createRealUser({ username: own, passwordHash: await hashPassword(password) })
    const calls: string[] = []
    const counting = (hash: string, secret: string) => {
      calls.push(secret)
      return verifyOther(hash, secret)
    }
    for (const name of [username, unique("nobody"), own, ""]) {
      calls.length = 0
      expect(refusal(await signIn(name, "not this one", config({ verifyOther: counting })))).toBe("wrong_credentials")
      expect(calls).toEqual(["not this one"])
    }
    // The password of the user whose hash was borrowed opens no other account.
    expect(refusal(await signIn(own, password, config({ verifyOther: () => true })))).toBeNull()
    expect(refusal(await signIn(own, "not this one", config({ verifyOther: () => true })))).toBe("wrong_credentials")
    expect(refusal(await signIn(unique("nobody"), password, config({ verifyOther: () => true })))).toBe(
      "wrong_credentials",
    )
  })

  it("are compared with those of real users, not with what others have in the column", async () => {
    await app.database.query(`truncate "user" cascade`)
    const { user } = await lazyStore().createLazyUser()
    await app.database.query(`update "user" set password = gen_random_uuid()::text where id = '${user.id}'`)
    await person("column", "!")
    await person("table", "no password")
    const calls: string[] = []
    const noting = () => config({ verifyOther: (hash) => calls.push(hash) < 0 })
    const { id } = await person("column", hashes.bcrypt?.(password) as string)
    await signIn(unique("nobody"), password, noting())
    expect(calls).toEqual([(await stored(id)).password])
    // Without a hash in a known form, any text of a real user will do.
    await app.database.query(`update "user" set password = null where id = '${id}'`)
    await signIn(unique("nobody"), password, noting())
    expect(calls.slice(1)).toEqual(["!"])
  })

  it("match only when the function says true, and log neither hash nor password", async () => {
    const secret = "a secret nobody may see"
    for (const wrong of [
      () => 1,
      () => "yes",
      () => ({}),
      () => undefined,
      () => {
        throw new Error(`${secret} and the hash`)
      },
      (hash: string) => Promise.reject(new TypeError(hash)),
      () => Promise.reject(hashes),
    ]) {
      const hash = hashes.bcrypt?.(secret) as string
      const { id, username } = await person("column", hash)
      app.logged.length = 0
      const answer = await signIn(username, secret, config({ verifyOther: wrong as typeof verifyOther }))
      expect(refusal(answer)).toBe("wrong_credentials")
      expect((await stored(id)).password).toBe(hash)
      const log = app.logged.map(({ message, stack, cause }) => `${message} ${stack} ${JSON.stringify(cause)}`).join()
      expect(log).toContain("verifyOther")
      expect(log).not.toContain(secret)
      expect(log).not.toContain(hash.slice(7))
    }
  })

  it("are not read when huge, and no password that is empty or too long is compared", async () => {
    const { username } = await person("column", "x".repeat(2000))
    const calls: string[] = []
    const all = config({ verifyOther: (hash, secret) => calls.push(hash, secret) > 0 })
    expect(refusal(await signIn(username, password, all))).toBe("wrong_credentials")
    expect(calls.filter((value) => value.length > 1024)).toEqual([])
    const { username: name } = await person("column", hashes.bcrypt?.(password) as string)
    for (const odd of ["", "x".repeat(300), "x".repeat(100_000)]) {
      calls.length = 0
      expect(refusal(await signIn(name, odd, all))).toBe("wrong_credentials")
      expect(calls[1]).toBe("")
    }
  })

  it("never ride along on a user", async () => {
    const hash = hashes.bcrypt?.(password) as string
    const { id, username } = await person("column", hash)
    const seen: unknown[] = []
    const note = (what: unknown) => void seen.push(what)
    const noting: Partial<LazyConfig> = {
      ...config(),
      callbacks: {
        signIn: ({ user }) => seen.push(user) > 0,
        jwt: (params) => {
          note(params)
          return params.token
        },
        session: (params) => {
          note(params)
          return params.session
        },
      },
      events: { signIn: note, session: note, mergeUser: note, createLazyUser: note, convertUser: note },
      lazy: { recheck: 0, onMerge: note, onConvert: note, merge: (params) => seen.push(params) > 0 },
    }
    const { browser } = await app.lazyBrowser(noting)
    await app.database.query(`update "user" set password = '${hash}'`)
    const form = { username: unique("eve"), password }
    const other = await app.lazyBrowser(noting)
    await app.database.query(`update "user" set password = '${hash}' where id = '${other.id}'`)
    await other.browser.signIn("convert", form)
    await browser.signIn("password", { username, password })
    expect((await browser.session())?.user.id).toBe(id)
    const { adapter } = noting as LazyConfig
    note(await adapter.getUser?.(id))
    note(await adapter.updateUser?.({ id, name: "Ada" }))
    note(await adapter.createUser?.({ id: crypto.randomUUID(), email: null as never, emailVerified: null }))
    await app.database.query(
      `update "user" set password = '${hash}', email = '${username}@example.com' where id = '${id}'`,
    )
    note(await adapter.getUserByEmail?.(`${username}@example.com`))
    note(await adapter.lazy.createLazyUser())
    const said = JSON.stringify(seen)
    expect(said).not.toContain(hash)
    expect(said).not.toContain(`"password":`)
    expect(seen.length).toBeGreaterThan(10)
    // What a user brings back changes nothing.
    expect((await stored(id)).password).toBe(hash)
    // A lazy user's hash opens nothing once it converts.
    expect(await stored(other.id)).toEqual({ password: null, hash: expect.stringMatching(/^\$argon2id\$/) })
    await app.database.query(`update "user" set password = null`)
  })

  it("leave an empty text where the column is NOT NULL, which Drizzle fills for new users", async () => {
    const strict = pgTable("user", {
      ...userColumns(),
      password: text("password")
        .notNull()
        .$defaultFn(() => ""),
    })
    await app.database.query(`update "user" set password = '' where password is null`)
    await app.database.query(`alter table "user" alter column password set not null`)
    const adapter = LazyAdapter(app.database.db, { ...schema, usersTable: strict, legacyHash: strict.password })
    const changes = { ...config(), adapter }
    const { browser, id: lazyId } = await app.lazyBrowser(changes)
    expect(await adapter.lazy.hasPassword(lazyId)).toBe(false)
    expect(
      await adapter.createUser?.({ id: "x", email: `${unique("p")}@example.com`, emailVerified: null }),
    ).toBeDefined()
    await app.browser(changes).signIn("convert", { username: unique("eve"), password })
    const username = unique("ada")
    const { id } = await internals(adapter.lazy).createRealUser({ username, passwordHash: "none" })
    await app.database.query(`delete from password where "userId" = '${id}'`)
    expect(refusal(await signIn(username, "", changes))).toBe("wrong_credentials")
    await app.database.query(`update "user" set password = '${hashes.bcrypt?.(password)}' where id = '${id}'`)
    await browser.signIn("password", { username, password })
    expect((await browser.session())?.user.id).toBe(id)
    expect(await stored(id)).toEqual({ password: "", hash: expect.stringMatching(/^\$argon2id\$/) })
    await app.database.query(`alter table "user" alter column password drop not null`)
    await app.database.query(`update "user" set password = null`)
  })

  it("are never borrowed from a lazy user, whose column adopt fills with what is no hash", async () => {
    const { id } = await app.lazyBrowser(config())
    await app.database.query("delete from password where hash not like '$argon2id$%'")
    await app.database.query(`update "user" set password = case when id = '${id}' then 'no hash' end`)
    expect(await lazyStore().signIn.otherHash()).toBeNull()
    await app.database.query(`update "user" set password = null`)
  })

  it("are in no row of a merge that was stopped", async () => {
    const hash = hashes.bcrypt?.(password) as string
    await app.database.query(`alter table "user" add column sponsor text unique references "user"`)
    const { id } = await person("column", hash)
    const { id: lazyId } = await app.lazyBrowser(config())
    const [mine, theirs] = [await person("column", hash), await person("column", hash)]
    await app.database.query(`update "user" set sponsor = '${id}' where id = '${mine.id}'`)
    await app.database.query(`update "user" set sponsor = '${lazyId}' where id = '${theirs.id}'`)
    const seen: unknown[] = []
    const onMerge = (params: object) => void seen.push(JSON.stringify({ ...params, tx: undefined }))
    // The stopped row is that of another user, who must not go with the lazy one.
    await expect(lazyStore().merge(lazyId, id, { onMerge })).rejects.toMatchObject({ code: "merge_conflict" })
    expect(seen).toHaveLength(1)
    expect(seen[0]).toContain(theirs.id)
    expect(seen[0]).not.toContain(hash)
    await app.database.query(`alter table "user" drop column sponsor`)
  })

  it("are found by the option of the provider, too", async () => {
    const { id, username } = await person("column", hashes.bcrypt?.(password) as string)
    const adapter = LazyAdapter(app.database.db, { ...schema, usersTable: users })
    expect(await adapter.getUser?.(id)).toHaveProperty("password")
    const changes = { adapter, providers: [PasswordProvider({ verifyOther, legacyHash: users.password })] }
    expect(refusal(await signIn(username, "not this one", changes))).toBe("wrong_credentials")
    expect(await adapter.lazy.hasPassword(id)).toBe(true)
    expect(await adapter.getUser?.(id)).not.toHaveProperty("password")
    expect(await adapter.updateUser?.({ id, name: "Ada" })).not.toHaveProperty("password")
    expect(refusal(await signIn(username, password, changes))).toBeNull()
    expect(await stored(id)).toEqual({ password: null, hash: expect.stringMatching(/^\$argon2id\$/) })
    for (const unfit of [users.email, users.lazySince, schema.accountsTable.type])
      expect(() => LazyAdapter(app.database.db, { ...schema, usersTable: users, legacyHash: unfit })).toThrow(
        /legacyHash must be a text column of the user table/,
      )
  })

  if (strategy === "database")
    it("do not outlast their owner's password where a trigger keeps them", async () => {
      const { id } = await person("column", hashes.bcrypt?.(password) as string)
      await app.database.query(
        `create function keep_hash() returns trigger language plpgsql as 'begin new.password := old.password; return new; end'`,
      )
      await app.database.query(
        `create trigger keep_hash before update on "user" for each row when (old.id = '${id}') execute function keep_hash()`,
      )
      await expect(lazyStore().setPassword(id, await hashPassword("another password"))).rejects.toMatchObject({
        code: "setup",
      })
      expect((await stored(id)).hash).toBeNull()
    })
})
