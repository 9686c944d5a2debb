import { sql } from "drizzle-orm"
import { pgTable, text } from "drizzle-orm/pg-core"
import { afterAll, beforeAll, expect, it } from "vitest"
import type { MergeConflict } from "../../src/drizzle.js"
import { HASH, newAccount, newAuthenticator, unique } from "./fixtures.js"
import { hasTable, type ShapedWorld } from "./shaped-world.js"
import type { TableShape } from "./table-shapes.js"

const by = { provider: "convert", type: "credentials" }

/** Tests merges, in a database with the tables of a shape. */
export function testMerging(shape: TableShape, opened: () => ShapedWorld): void {
  let world: ShapedWorld
  beforeAll(async () => {
    world = opened()
    await world.create("cart", ", id serial primary key, kind text, unique (owner, kind)")
    await world.run(sql`create table item (cart int references cart on delete cascade, name text)`)
    await world.create("audit_log", "", "on delete set null")
    await world.create("held", "", "")
  })
  afterAll(() => world.run(sql`drop table item, cart, audit_log, held`))
  const hasPasskeys = hasTable(shape, "authenticatorsTable")
  const named = (table: string) => (shape.searchPath ? `${shape.searchPath}.${table}` : table)

  /** A lazy user and a real one with a cart each, and one more of the lazy user. */
  async function people() {
    const [lazy, real] = [await world.lazyUser(), await world.realUser({ email: `${unique("ada")}@example.com` })]
    await world.run(sql`insert into cart (owner, kind)
      values (${lazy.id}, 'open'), (${lazy.id}, 'saved'), (${real.id}, 'open')`)
    await world.run(
      sql`insert into item select id, owner from cart where owner in (${lazy.id}, ${real.id}) and kind = 'open'`,
    )
    await world.run(sql`insert into held values (${lazy.id})`)
    return { lazy, real }
  }
  const itemsOf = async (userId: string) => {
    const items = await world.run(sql`select name from item join cart on id = cart where owner = ${userId}`)
    return items.map(({ name }) => name).toSorted()
  }

  it("moves rows and what hangs on them, and hands over those that are stopped", async () => {
    const { lazy, real } = await people()
    let told: Record<string, MergeConflict[]> = {}
    const session = world.session()
    const onMerge = ({ conflicts }: { conflicts: typeof told }) => {
      told = conflicts
    }
    const report = await world.store.merge(lazy.id, real.id, { session, onMerge })
    expect(report).toMatchObject({
      from: { id: lazy.id },
      into: { id: real.id },
      moved: { [named("cart")]: 1, [named("item")]: 1, [named("held")]: 1 },
      conflicts: { [named("cart")]: 1 },
    })
    expect(told).toMatchObject({
      [named("cart")]: [{ row: { owner: lazy.id, kind: "open" }, by: { owner: real.id, kind: "open" } }],
    })
    expect(await itemsOf(real.id)).toEqual([lazy.id, real.id].toSorted())
    expect(await world.thereOf([lazy.id, real.id])).toEqual([real.id])
    if (session) expect(await world.sessionsOf(real.id)).toContain(session.sessionToken)
    await expect(world.store.merge(lazy.id, real.id)).rejects.toMatchObject({ code: "not_lazy" })
  })

  it("ends every way into the lazy user, and moves none of them", async () => {
    const { lazy, real } = await people()
    const [account, own] = [newAccount(lazy.id), newAccount(real.id)]
    await world.adapter.linkAccount(account)
    if (hasPasskeys) await world.adapter.createAuthenticator(newAuthenticator(lazy.id))
    const before = await world.stateOf(real.id)
    const { conflicts } = await world.store.merge(lazy.id, real.id, { link: own })
    expect(conflicts).toEqual({ [named("cart")]: 1 })
    expect(await world.adapter.getUserByAccount(account)).toBeNull()
    expect((await world.adapter.getUserByAccount(own))?.id).toBe(real.id)
    expect(await world.stateOf(real.id)).toEqual(before)
    expect(await world.stateOf(lazy.id)).toEqual({ user: null, password: null, sessions: [] })
    if (hasPasskeys) expect(await world.adapter.listAuthenticatorsByUserId(real.id)).toEqual([])
  })

  it("changes nothing where it is refused, or a hook or a write fails", async () => {
    const { lazy, real } = await people()
    const session = world.session()
    await world.lazyUser(session)
    const before = [await world.stateOf(lazy.id), await world.stateOf(real.id)]
    const thrown = new Error("not today")
    const onMerge = async ({ tx }: { tx: typeof world.db }) => {
      await tx.execute(sql`update cart set kind = 'undone' where owner = ${real.id} and kind = 'open'`)
      throw thrown
    }
    const merge = (...[options]: [Parameters<typeof world.store.merge>[2]]) =>
      world.store.merge(lazy.id, real.id, options)
    await expect(merge({ onMerge })).rejects.toBe(thrown)
    await expect(merge({ onConflict: "error" })).rejects.toMatchObject({ code: "merge_conflict", table: named("cart") })
    if (session) await expect(merge({ session })).rejects.toThrow()
    await expect(world.store.merge(real.id, lazy.id)).rejects.toMatchObject({ code: "not_lazy" })
    await expect(world.store.merge(lazy.id, (await world.lazyUser()).id)).rejects.toMatchObject({ code: "not_real" })
    await expect(world.store.merge(lazy.id, lazy.id)).rejects.toMatchObject({ code: "not_real" })
    await expect(world.store.merge(lazy.id, crypto.randomUUID())).rejects.toMatchObject({ code: "not_real" })
    const without = await world.userOfAuth()
    const needsPassword = world.store.merge(lazy.id, without.id, { needsPassword: true })
    await expect(needsPassword).rejects.toMatchObject({ code: "not_real" })
    expect([await world.stateOf(lazy.id), await world.stateOf(real.id)]).toEqual(before)
    expect([await itemsOf(lazy.id), await itemsOf(real.id)]).toEqual([[lazy.id], [real.id]])
  })

  it("proves the address of the real user in the same transaction", async () => {
    const { lazy, real } = await people()
    const session = world.session()
    const { into } = await world.store.merge(lazy.id, real.id, { session, provesEmail: true, needsPassword: true })
    expect(into.emailVerified).toBeInstanceOf(Date)
    const sessions = session ? [session.sessionToken] : []
    expect(await world.stateOf(real.id)).toMatchObject({ password: null, sessions })
  })

  it("leaves tables alone, and moves columns without a foreign key, where the app says so", async () => {
    const { lazy, real } = await people()
    const loose = pgTable("event", { actor: text("actor") })
    await world.run(sql`create table event (actor ${world.user.type})`)
    await world.run(sql`insert into event values (${lazy.id})`)
    await world.run(sql`insert into audit_log values (${lazy.id}), (${real.id})`)
    const { lazy: store } = world.with({ references: [loose.actor] })
    const report = await store.merge(lazy.id, real.id, { mergeTables: { [named("audit_log")]: "leave" } })
    expect(report.moved).toMatchObject({ [named("event")]: 1 })
    expect(report.moved).not.toHaveProperty([named("audit_log")])
    expect(await world.run(sql`select actor from event`)).toEqual([{ actor: real.id }])
    expect(await world.ownersIn("audit_log")).toEqual([real.id, null])
    const left = { [named("nowhere")]: "leave" } as const
    const missing = store.merge((await people()).lazy.id, real.id, { mergeTables: left })
    await expect(missing).rejects.toMatchObject({ code: "setup" })
    await world.run(sql`drop table event`)
  })

  it("moves references of users to users, and never takes another user along", async () => {
    const { type, table } = world.user
    const { lazy, real } = await people()
    const other = await world.userOfAuth()
    await world.run(sql`alter table ${table} add invited_by ${type} references ${table} on delete cascade`)
    await world.run(sql`update ${table} set invited_by = ${lazy.id} where ${world.tables.usersTable.id} = ${other.id}`)
    await world.store.merge(lazy.id, real.id)
    expect(await world.run(sql`select invited_by from ${table} where invited_by is not null`)).toEqual([
      { invited_by: real.id },
    ])
    expect(await world.thereOf([other.id])).toEqual([other.id])
    const inviting = await world.lazyUser()
    await world.run(sql`update ${table} set invited_by = ${inviting.id} where invited_by = ${real.id}`)
    await expect(world.store.deleteLazyUser(inviting.id)).rejects.toMatchObject({ code: "other_users" })
    expect(await world.thereOf([other.id, inviting.id])).toEqual([other.id, inviting.id])
    await world.run(sql`alter table ${table} drop invited_by`)
  })

  it("merges once when asked at once, and lets a conversion or a deletion win or lose whole", async () => {
    const { lazy, real } = await people()
    const twice = await Promise.allSettled([1, 2, 3].map(() => world.store.merge(lazy.id, real.id)))
    expect(twice.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
    for (const rival of [
      (userId: string) => world.store.convert({ userId, set: {}, passwordHash: HASH, by }),
      (userId: string) => world.store.deleteLazyUser(userId),
    ]) {
      const { lazy, real } = await people()
      await world.run(sql`delete from held`)
      const [merged] = await Promise.allSettled([world.store.merge(lazy.id, real.id), rival(lazy.id)])
      const hasMoved = (await itemsOf(real.id)).length === 2
      expect(hasMoved).toBe(merged?.status === "fulfilled")
    }
  })
}
