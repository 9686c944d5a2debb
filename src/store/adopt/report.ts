import { type SQL, sql } from "drizzle-orm"
import { findDuplicateAddresses, maskedAddress } from "../identifiers/duplicate-addresses.js"
import type { Database } from "../sql/database.js"
import { messageOf } from "../sql/error-message.js"
import { queryDocument } from "../sql/query.js"
import { type AdoptSearch, type Guest, isGuest } from "./find-users.js"
import type { AdoptedUser, AdoptPreview, AdoptReport } from "./types.js"

/** How many users a dry run shows, and how many domains. */
const SHOWN = 10
/** How many failed users a report names. */
const NAMED = 100

/** Makes the report of an adoption that has just begun. */
export function startAdoption(
  { settings: { dryRun, seenAt } }: AdoptSearch,
  skipped: AdoptReport["skipped"],
): AdoptReport {
  return { adopted: 0, skipped, hashes: {}, left: 0, failed: [], failures: 0, interrupted: false, dryRun, seenAt }
}

/** Adds a user whom the database refused to change. */
export function addRefusedGuest(report: AdoptReport, { id: userId }: Guest, error: unknown): void {
  report.failures++
  if (report.failed.length < NAMED) report.failed.push({ userId, message: messageOf(error) })
}

/** Reads examples of the users to adopt, and the addresses of the others that are in the way. */
export async function readPreview(db: Database, search: AdoptSearch, needsEveryone: boolean): Promise<AdoptPreview> {
  const { tables } = search
  const users = await readExamples(db, search)
  const domains = await readDomains(db, search)
  const duplicates = await findDuplicateAddresses(db, tables, sql`${isGuest(search)} is not true`)
  return { users, domains, needsEveryone, duplicates }
}

async function readExamples(db: Database, search: AdoptSearch): Promise<AdoptedUser[]> {
  const { usersTable } = search.tables
  const { createdAt } = search.settings
  const made: SQL = createdAt ? sql`to_json((${createdAt})::timestamptz) #>> '{}'` : sql`null`
  const users = await queryDocument<AdoptedUser[]>(
    db,
    sql`select coalesce(json_agg(guest), '[]')::text as document from (
      select ${usersTable.id}::text as id, ${usersTable.email}::text as email, ${made} as "createdAt"
      from ${usersTable} where ${isGuest(search)} order by ${usersTable.id} limit ${SHOWN}
    ) as guest`,
  )
  return users.map(({ email, createdAt, ...user }) => ({
    ...user,
    email: email === null ? null : maskedAddress(email),
    createdAt: createdAt === null ? null : new Date(createdAt).toISOString(),
  }))
}

async function readDomains(db: Database, search: AdoptSearch): Promise<AdoptPreview["domains"]> {
  const { usersTable } = search.tables
  const domains = await queryDocument<AdoptPreview["domains"]>(
    db,
    sql`select coalesce(json_agg(counted order by users desc, domain), '[]')::text as document from (
      select lower(coalesce(substring(${usersTable.email}::text from '@([^@]*)$'), '')) as domain, count(*)::float8 as users
      from ${usersTable} where ${isGuest(search)} group by 1
    ) as counted`,
  )
  const rest = domains.slice(SHOWN).reduce((sum, { users }) => sum + users, 0)
  return [...domains.slice(0, SHOWN), ...(rest > 0 ? [{ domain: "others", users: rest }] : [])]
}
