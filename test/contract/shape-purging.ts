import { eq, sql } from "drizzle-orm"
import { afterEach, beforeAll, expect, it } from "vitest"
import type { PurgeOptions } from "../../src/drizzle.js"
import { internals } from "../../src/store/lazy-store.js"
import { newAccount, newAuthenticator } from "./fixtures.js"
import { hasTable, type ShapedWorld } from "./shaped-world.js"
import type { TableShape } from "./table-shapes.js"

const by = { provider: "convert", type: "credentials" }

/** Tests the purge, in a database with the tables of a shape. Deletes all users there. */
export function testPurging(shape: TableShape, opened: () => ShapedWorld): void {
  let world: ShapedWorld
  beforeAll(async () => {
    world = opened()
    await world.db.delete(world.tables.usersTable)
    await world.create("note", ", id serial primary key")
    await world.run(sql`create table line (note int references note on delete cascade)`)
    await world.create("held", ", id serial primary key", "")
    await world.create("archive", "", "on delete set null")
  })
  afterEach(async () => {
    await world.run(sql`with lines as (delete from line), notes as (delete from note), holds as (delete from held)
      delete from archive`)
    await world.db.delete(world.tables.usersTable)
  })
  const hasSessions = hasTable(shape, "sessionsTable")
  const named = (table: string) => (shape.searchPath ? `${shape.searchPath}.${table}` : table)

  /** Lazy users without a session who were last seen 40 days ago, each a note with a line. */
  async function dead(number: number): Promise<string[]> {
    const made = await Promise.all(Array.from({ length: number }, () => world.store.createLazyUser(world.naming)))
    const { usersTable } = world.tables
    const ids = made.map(({ user }) => user.id)
    await Promise.all(ids.map((id, n) => world.age([id], 40 + n)))
    await world.run(sql`insert into note select ${usersTable.id} from ${usersTable}`)
    await world.run(sql`insert into line select id from note`)
    return ids
  }

  it("keeps who is real, alive or kept by the app", async () => {
    const [gone, kept, converted, fresh, spared] = [
      ...(await dead(3)),
      (await world.lazyUser()).id,
      (await world.lazyUser()).id,
    ] as [string, string, string, string, string]
    await world.store.convert({ userId: converted, set: { name: "Ada" }, by })
    const { usersTable } = world.tables
    const real = (await world.realUser()).id
    await world.age([kept, real, spared], 50)
    await world.db.update(usersTable).set({ lazySince: null }).where(eq(usersTable.id, real))
    await world.run(sql`insert into archive values (${kept})`)
    expect(await world.store.leaveBehind(spared, new Date(Date.now() + 60_000))).toBe(true)
    expect(await world.store.leaveBehind(real, new Date())).toBe(false)
    await world.db.update(usersTable).set({ image: "kept" }).where(eq(usersTable.id, kept))
    const everybody = [gone, kept, converted, fresh, spared, real]
    const options: PurgeOptions = { keep: ({ image }) => eq(image, "kept") }
    const deleted = { [named("note")]: 1, [named("line")]: 1 }
    expect(await world.store.purge({ ...options, dryRun: true })).toMatchObject({ purged: 1, deleted })
    expect(await world.thereOf(everybody)).toEqual(everybody)
    expect(await world.store.purge(options)).toMatchObject({ purged: 1, deleted, failures: 0 })
    expect(await world.thereOf(everybody)).toEqual(everybody.slice(1))
  })

  it("takes users who were never seen, by the time of their making", async () => {
    const [seen, unseen, fresh] = (await dead(3)) as [string, string, string]
    await world.age([unseen], 40, "unseen")
    await world.age([fresh], 1, "unseen")
    expect(await world.store.purge()).toMatchObject({ purged: 2 })
    expect(await world.thereOf([seen, unseen, fresh])).toEqual([fresh])
  })

  it.runIf(hasSessions)("keeps users with a live session, and takes one with an expired one", async () => {
    const session = () => ({ sessionToken: crypto.randomUUID(), expires: new Date(Date.now() - 3_600_000) })
    const [alive, expired] = [(await world.lazyUser()).id, (await world.lazyUser(session())).id]
    await world.age([alive, expired], 40)
    const deleted = Object.values((await world.store.purge({ dryRun: true })).deleted)
    expect(deleted).toEqual([1])
    expect(await world.store.purge()).toMatchObject({ purged: 1 })
    expect(await world.thereOf([alive, expired])).toEqual([alive])
    expect(await world.store.purge({ olderThan: 0, force: true })).toMatchObject({ purged: 0 })
  })

  it("takes every way to sign in along, as the dry run has counted", async () => {
    const [id] = (await dead(1)) as [string]
    const account = newAccount(id)
    await world.adapter.linkAccount(account)
    if (hasTable(shape, "authenticatorsTable")) await world.adapter.createAuthenticator(newAuthenticator(id))
    const counted = await world.store.purge({ dryRun: true })
    const { dryRun, before, ...report } = await world.store.purge()
    expect(counted).toMatchObject({ ...report })
    expect(Object.keys(report.deleted)).toHaveLength(hasTable(shape, "authenticatorsTable") ? 4 : 3)
    expect(await world.adapter.getAccount(account.providerAccountId, account.provider)).toBeNull()
  })

  it("goes through all in batches, up to a limit, those first who were seen longest ago", async () => {
    const ids = await dead(7)
    await world.age(ids.slice(0, 2), 45, "unseen")
    const steps: number[] = []
    const onProgress = ({ purged, total }: { purged: number; total: number }) => steps.push(purged, total)
    expect(await world.store.purge({ batchSize: 2, limit: 3, onProgress })).toMatchObject({ purged: 3 })
    expect(steps).toEqual([2, 3, 3, 3])
    expect(await world.thereOf(ids)).toEqual(ids.slice(0, 4))
    expect(await world.store.purge({ batchSize: 1, dryRun: true })).toMatchObject({ purged: 4 })
    expect(await world.store.purge({ batchSize: 1 })).toMatchObject({ purged: 4 })
    expect(await world.thereOf(ids)).toEqual([])
  })

  it("skips users whom rows hold back, or takes those rows first", async () => {
    const [held, free] = (await dead(2)) as [string, string]
    await world.run(sql`insert into held values (${held})`)
    const skipped = { [named("held")]: 1 }
    expect(await world.store.purge({ dryRun: true })).toMatchObject({ purged: 1, skipped })
    expect(await world.store.purge({ batchSize: 1 })).toMatchObject({ purged: 1, skipped })
    expect(await world.thereOf([held, free])).toEqual([held])
    const deleted = { [named("held")]: 1, [named("note")]: 1, [named("line")]: 1 }
    expect(await world.store.purge({ cascade: true, dryRun: true })).toMatchObject({ purged: 1, deleted })
    expect(await world.store.purge({ cascade: true })).toMatchObject({ purged: 1, deleted })
  })

  it("undoes what onPurge did for the users for whom it fails, and for no others", async () => {
    const [fails, goes, held] = (await dead(3)) as [string, string, string]
    await world.run(sql`insert into held values (${held})`)
    const report = await world.store.purge({
      async onPurge({ tx, userIds }) {
        for (const id of userIds) await tx.execute(sql`insert into archive values (${id})`)
        if (userIds.includes(fails)) throw new Error("not this one")
      },
    })
    expect(report).toMatchObject({ purged: 1, failures: 1, failed: [{ userId: fails, message: "not this one" }] })
    expect(report.skipped).toEqual({ [named("held")]: 1 })
    expect(await world.thereOf([fails, goes, held])).toEqual([fails, held])
    expect(await world.ownersIn("archive")).toEqual([null])
  })

  it("keeps users whom onPurge makes real or sees", async () => {
    const [real, seen, goes] = (await dead(3)) as [string, string, string]
    await world.store.purge({
      async onPurge({ tx, userIds }) {
        const lazy = internals(shape.adapt(tx).lazy)
        if (userIds.includes(real)) await lazy.convert({ userId: real, set: {}, by })
        if (userIds.includes(seen)) await lazy.touch({ userId: seen }, 0)
      },
    })
    expect(await world.thereOf([real, seen, goes])).toEqual([real, seen])
  })

  it("shares the work with others, and loses to a conversion", async () => {
    const ids = await dead(6)
    const converted = ids[3] as string
    const [conversion, ...reports] = await Promise.all([
      world.store.convert({ userId: converted, set: {}, by }).catch(() => undefined),
      ...[1, 2, 3].map(() => world.store.purge({ batchSize: 2 })),
    ])
    const rest = await world.store.purge()
    const purged = [...reports, rest].reduce((sum, report) => sum + report.purged, 0)
    expect(purged).toBe(conversion ? 5 : 6)
    expect(await world.thereOf(ids)).toEqual(conversion ? [converted] : [])
  })

  it.runIf(hasTable(shape, "lazyOutcomesTable"))("remembers how many went, and since when they were lazy", async () => {
    await dead(2)
    const since = new Date(Date.now() - 60 * 24 * 60 * 60 * 1000)
    const sum = ({ days }: Awaited<ReturnType<typeof world.store.stats>>, what: "created" | "purged") =>
      days.reduce((sum, day) => sum + day[what], 0)
    const before = await world.store.stats({ since })
    await world.store.purge()
    const after = await world.store.stats({ since })
    expect(sum(after, "purged")).toBe(sum(before, "purged") + 2)
    expect(sum(after, "created")).toBe(sum(before, "created"))
    expect(after.lazyUsers).toBe(before.lazyUsers - 2)
    expect(after.days.map(({ created }) => created)).toEqual(before.days.map(({ created }) => created))
  })
}
