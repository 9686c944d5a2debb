import { getTableColumns } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { getTableConfig } from "drizzle-orm/pg-core"
import { findReferences } from "../../store/merge/references/find-references.js"
import type { UserReferences } from "../../store/merge/references/references.js"
import { type IndexedTable, readIndexesByOid } from "../../store/sql/catalogue/indexes.js"
import { readUnidentified } from "../../store/sql/catalogue/publications.js"
import { type AccessedTable, type Right, readAccess } from "../../store/sql/catalogue/rights.js"
import type { Database } from "../../store/sql/database.js"
import { columnName } from "../../store/sql/identifiers.js"
import { writtenUsers } from "../../store/tables/legacy-hash.js"
import type { Tables } from "../../store/tables/resolve-tables.js"
import type { ConfigFacts } from "../app/read-config.js"
import type { Finding } from "../finding.js"
import { readOnly } from "../server/read-only.js"
import { readIfAllowed } from "../server/unchecked.js"
import { type Facts, namesIn, tableUnder } from "../tables/facts.js"
import { knownTables, unknownLabels } from "../tables/left-tables.js"
import { uniqueColumns } from "../tables/needed-tables.js"
import { checkAccess, checkPublications } from "./check-access.js"
import { checkCredentials } from "./check-credentials.js"
import { checkDeletes } from "./check-deletes.js"
import { checkLookups, checkPurgeIndex } from "./check-indexes.js"
import { checkMergeable, checkMergeRules } from "./check-merging.js"
import { checkOtherRules, checkPartialRules } from "./check-other-rules.js"
import { checkUnique } from "./check-unique.js"
import { lookupsOf } from "./lookups.js"

/**
 * Examines keys, unique rules and indexes of the user table and of all tables that refer to it.
 * @returns the findings, and the tables with their indexes
 */
export async function examineKeys(
  db: Database,
  tables: Tables,
  references: readonly AnyPgColumn[],
  facts: Facts,
  { config, cascade }: { config: ConfigFacts | undefined; cascade: boolean },
): Promise<{ findings: Finding[]; indexed: IndexedTable[] }> {
  const users = tableUnder(facts, "usersTable")
  if (!users) return { findings: [], indexed: [] }
  const isThere = (column: AnyPgColumn, position: number) => {
    const table = facts.declared[position]
    return table && namesIn(db, table, [column])
  }
  const there = references.filter(isThere)
  const credentials = (tables.credentials ?? []).filter(({ userId }, n) => isThere(userId, references.length + n))
  const { role } = facts.server
  const { mergeTables, findings: unknown } = knownTables(config, await unknownLabels(db, config))
  const named = [...facts.tables.map(({ facts }) => facts), ...facts.declared].filter((table) => table !== null)
  const { result: merging, findings: unmerged } = await readIfAllowed({
    what: "The rows that a merge moves",
    role,
    tables: named,
    read: () => readOnly(db, (tx) => findReferences(tx, { ...tables, credentials }, there, mergeTables)),
  })
  const own = facts.tables.flatMap((table) => (table.key === "usersTable" ? [] : (table.facts?.oid ?? [])))
  const moved = merging?.tables.map(({ oid }) => oid) ?? []
  const changed = [...own, users.oid, ...moved, ...facts.keys.map(({ table }) => table)]
  const { access, unidentified } = await readOnly(db, async (tx) => ({
    access: await readAccess(tx, accessed(users.oid, facts, merging)),
    unidentified: await readUnidentified(tx, [...new Set(changed)]),
  }))

  const lookups = lookupsOf(db, users.oid, facts.tables, facts.keys, merging, { cascade })
  const oids = [...facts.tables.flatMap(({ facts }) => facts?.oid ?? []), ...lookups.map(({ table }) => table)]
  const { result: indexed = [], findings: unindexed } = await readIfAllowed({
    what: "Indexes and unique rules",
    role,
    tables: [],
    read: () => readOnly(db, (tx) => readIndexesByOid(tx, [...new Set(oids)])),
  })
  return {
    indexed,
    findings: [
      ...checkUniqueRules(db, tables, facts, indexed),
      ...checkUserRules(db, tables, facts, indexed),
      ...(merging ? checkCredentials(merging) : []),
      ...(merging ? checkMergeable(merging, facts.keys) : []),
      ...checkAccess(access, { role, users: users.oid, own }),
      ...checkPublications(unidentified),
      ...unknown,
      ...checkDeletes(users.oid, facts.keys, { cascade }),
      ...purgeIndex(db, tables, facts, indexed),
      ...checkLookups(lookups, indexed),
      ...(merging ? checkMergeRules(merging, indexed) : []),
      ...unmerged,
      ...unindexed,
    ],
  }
}

/**
 * Lists the user table, the tables that users sign in with, and those whose rows a merge moves,
 * with what the role does there.
 */
function accessed(users: number, facts: Facts, merging: UserReferences | undefined): AccessedTable[] {
  const own = facts.tables.flatMap(({ key, severity, facts }): AccessedTable[] => {
    if (!facts || key === "verificationTokensTable" || key === "lazyOutcomesTable" || !isTable(facts)) return []
    // A conversion deletes sessions and passkeys even if the configuration makes none.
    const isUsed = severity === "error" || severity === "warning"
    const rights: Right[] = isUsed ? ["select", "insert", ...CHANGES] : []
    return [{ oid: facts.oid, rights, reads: [], changes: [] }]
  })
  const moved = merging?.tables.filter(({ oid }) => oid !== users) ?? []
  return [
    ...own,
    ...moved.map(({ oid, userColumns, rules, checks, parents }): AccessedTable => {
      // The merge reads rows that are stopped as a whole.
      const isPlain = rules.length + checks.length + parents.length === 0
      const columns = userColumns.map(({ name }) => name)
      return { oid, rights: ["select", ...CHANGES], reads: isPlain ? columns : [], changes: columns }
    }),
  ]
}

const CHANGES = ["update", "delete"] as const

/** Tells whether a relation has rules and rights to check; the app knows what is behind a view. */
const isTable = ({ kind }: { kind: string }) => kind === "r" || kind === "p"

function checkUniqueRules(db: Database, tables: Tables, facts: Facts, indexed: IndexedTable[]): Finding[] {
  return uniqueColumns(tables).flatMap(({ key, columns, why, holdsNulls }) => {
    const known = facts.tables.find((table) => table.key === key)
    const table = indexed.find(({ oid }) => oid === known?.facts?.oid)
    const names = known?.facts && namesIn(db, known.facts, columns)
    if (!known?.severity || !table || !names || !isTable(table)) return []
    const name = [getTableConfig(known.table).name, ...names, "unique"].join("_")
    return checkUnique(table, { columns: names, why, name, holdsNulls })
  })
}

function checkUserRules(db: Database, tables: Tables, facts: Facts, indexed: IndexedTable[]): Finding[] {
  const { usersTable, activeUsers } = tables
  const users = tableUnder(facts, "usersTable")
  const table = indexed.find(({ oid }) => oid === users?.oid)
  if (!users || !table || !isTable(table)) return []
  const named = [usersTable.username, usersTable.email].map((column) => columnName(db, column))
  const filled = Object.values<AnyPgColumn>(getTableColumns(writtenUsers(tables)))
    .filter(({ defaultFn, onUpdateFn }) => defaultFn || onUpdateFn)
    .map((column) => columnName(db, column))
  const distinct = [columnName(db, usersTable.id), ...named, ...filled]
  return [
    ...checkOtherRules({ table, columns: users.columns, distinct }),
    ...(activeUsers ? [] : checkPartialRules(table, named, users.columns)),
  ]
}

function purgeIndex(db: Database, { usersTable }: Tables, facts: Facts, indexed: IndexedTable[]): Finding[] {
  const users = tableUnder(facts, "usersTable")
  const table = indexed.find(({ oid }) => oid === users?.oid)
  const columns = [usersTable.id, usersTable.seenAt, usersTable.lazySince, usersTable.convertedAt]
  const [id, seenAt, lazySince, convertedAt] = (users && namesIn(db, users, columns)) ?? []
  if (!table || !isTable(table) || id === undefined) return []
  if (seenAt === undefined || lazySince === undefined || convertedAt === undefined) return []
  const name = `${getTableConfig(usersTable).name}_lazy_idx`
  return checkPurgeIndex(table, { id, seenAt, lazySince, convertedAt }, name)
}
