import { sql } from "drizzle-orm"
import { pgTable, text } from "drizzle-orm/pg-core"
import { afterAll, beforeAll, expect, it } from "vitest"
import { doctor } from "../../src/doctor.js"
import { LazyAdapter, type LazyAdapterOptions, lazyColumns, schema } from "../../src/drizzle.js"
import { prismaTables } from "../../src/prisma.js"
import { createTables } from "../contract/create-tables.js"
import { emptyPglite, type TestDatabase } from "../setup/databases.js"

let database: TestDatabase
const tables = prismaTables({ User: { columns: { seenAt: "seen_at" } } })
const THEN = "// then: npx prisma migrate dev"

beforeAll(async () => {
  database = await emptyPglite()
  await createTables(database.db, tables)
  for (const statement of [
    'create index on "Account" ("userId")',
    'create index on "Session" ("userId")',
    'create index on "User" (seen_at, id)',
    'create table "Note" (id text primary key, "ownerId" text not null references "User")',
  ])
    await database.query(statement)
})
afterAll(() => database.close())

/** What the doctor says to paste after a statement that damages the database, which is undone. */
async function fixesAfter(damage: string, options: LazyAdapterOptions = tables): Promise<Record<string, string>> {
  const undone = new Error("Undone.")
  let fixes: Record<string, string> = {}
  const work = database.db.transaction(async (tx) => {
    for (const statement of damage.split("; ")) await tx.execute(sql.raw(statement))
    const { findings } = await doctor({ db: tx, tables: options })
    fixes = Object.fromEntries(findings.map(({ code, where, fix }) => [`${code} ${where}`, fix]))
    throw undone
  })
  await expect(work).rejects.toBe(undone)
  return fixes
}

it("says what to add to schema.prisma where prismaTables() defines the tables", async () => {
  const healthy = await fixesAfter("select 1")
  expect(healthy).toEqual({
    "purge_blocked Note.ownerId": `// in model Note\n… @relation(fields: [ownerId], references: […], onDelete: Cascade)\n${THEN}`,
    "lookup_index Note.ownerId": `// in model Note\n@@index([ownerId])\n${THEN}`,
  })
  expect(
    await fixesAfter(`drop table "Note"; alter table "User" drop column "convertedAt", alter "lazySince" set not null`),
  ).toMatchObject({
    "missing_column User.convertedAt": `// in model User\nconvertedAt DateTime?\n${THEN}`,
    "column_null User.lazySince": `// in model User\nlazySince DateTime?\n${THEN}`,
  })
  const renamed = await fixesAfter(
    `alter table "User" drop column seen_at, alter email set not null, drop constraint "User_username_unique"`,
  )
  expect(renamed["missing_column User.seen_at"]).toBe(`// in model User\nseenAt DateTime? @map("seen_at")\n${THEN}`)
  expect(renamed["email_required User.email"]).toContain("LazyProvider({ generateEmail")
  expect(renamed["missing_unique User.username"]).toBe(`// in model User\nusername … @unique\n${THEN}`)
  const dropped = await fixesAfter(`drop table "Password", "Authenticator"; drop index "User_seen_at_id_idx"`)
  expect(dropped["purge_index User"]).toBe(`// in model User\n@@index([seenAt, id])\n${THEN}`)
  expect(dropped["missing_table Password"]).toBe(
    `model Password {
  userId String @id
  hash String
  updatedAt DateTime @updatedAt
  user User @relation(fields: [userId], references: [id], onDelete: Cascade)
}
// and in model User: password Password?
${THEN}`,
  )
  expect(dropped["missing_table Authenticator"]).toContain("@@id([userId, credentialID])")
})

it("says so too for definitions of the app's own, beside the record of Prisma's migrations", async () => {
  const users = pgTable("User", { id: text("id").primaryKey(), email: text("email").unique(), ...lazyColumns() })
  const options = { usersTable: users }
  const damage = `alter table "User" rename seen_at to "seenAt"; alter table "User" drop column "convertedAt"`
  expect((await fixesAfter(damage, options))["missing_column User.convertedAt"]).toMatch(/^alter table/)
  const fixes = await fixesAfter(`create table _prisma_migrations (id text); ${damage}`, options)
  expect(fixes["missing_column User.convertedAt"]).toMatch(
    /^\/\/ in model User\nconvertedAt DateTime\? @db.Timestamptz\(6\)\n/,
  )
})

it("speaks SQL for the default tables, whatever Prisma does beside them", async () => {
  const fixes = Object.values(await fixesAfter("create table _prisma_migrations (id text)", schema))
  expect(fixes.length).toBeGreaterThan(0)
  expect(fixes.join()).not.toContain("model ")
})

it("refuses a field that prismaTables() can't know", () => {
  expect(() => prismaTables({ User: { columns: { role: true } } })).toThrow('User: { columns: { role: text("role") } }')
  const withRole = prismaTables({ User: { columns: { role: text("role").notNull().default("user") } } })
  expect(Object.keys(withRole.usersTable)).toContain("role")
  expect(LazyAdapter(database.db, withRole).lazy).toBeDefined()
})
