import { getTableColumns } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { schemaHasTable } from "../../store/sql/catalogue/tables.js"
import type { Database } from "../../store/sql/database.js"
import { columnName, qualifiedName } from "../../store/sql/identifiers.js"
import { modelOf } from "../../store/tables/prisma-model.js"
import { schema } from "../../store/tables/schema.js"
import type { Finding } from "../finding.js"
import { readOnly } from "../server/read-only.js"
import type { Facts } from "./facts.js"
import { fieldLine, modelBlock, modelName } from "./prisma-schema.js"

const APPLY = "// then: npx prisma migrate dev"

/**
 * Says what to change in `schema.prisma` where Prisma makes the tables: what SQL adds to them, its
 * next migration takes away.
 */
export async function inPrismaTerms(db: Database, findings: Finding[], facts: Facts): Promise<Finding[]> {
  const users = facts.tables.find(({ key }) => key === "usersTable")
  if (!users || users.table === schema.usersTable) return findings
  const isOfPrisma =
    modelOf(users.table) !== undefined ||
    (await readOnly(db, (tx) => schemaHasTable(tx, users.facts?.schema ?? "public", "_prisma_migrations")))
  if (!isOfPrisma) return findings
  return findings.map((finding) => {
    const change = changeFor(db, finding, facts)
    return change === undefined ? finding : { ...finding, fix: `${change}\n${APPLY}` }
  })
}

/** The change of the schema that mends a finding; undefined where only SQL or an option does. */
function changeFor(db: Database, { code, where = "", fix }: Finding, { tables }: Facts): string | undefined {
  const known = tables.find(
    ({ table, facts }) => (facts?.label ?? qualifiedName(table).replaceAll('"', "")) === tableIn(code, where),
  )
  const model = known ? modelName(known.table) : (tableIn(code, where).split(".").at(-1) as string)
  const columns = Object.entries<AnyPgColumn>(known ? getTableColumns(known.table) : {})
  const found = (name: string) => columns.find(([, column]) => columnName(db, column) === name)
  const fields = columnsIn(code, where).map((name) => found(name)?.[0] ?? name)
  const inModel = (...lines: string[]) => [`// in model ${model}`, ...lines].join("\n")
  const optional = () =>
    columnsIn(code, where).map((name) => {
      const [property, column] = found(name) ?? []
      return property && column ? fieldLine(db, property, column, true) : `${name} …? // optional, or with a @default`
    })
  switch (code) {
    case "missing_table":
      return known && modelBlock(db, known.table)
    case "missing_column": {
      const [property, column] = found(columnsIn(code, where)[0] ?? "") ?? []
      return property && column ? inModel(fieldLine(db, property, column)) : undefined
    }
    case "column_null":
    case "column_required":
      return inModel(...optional())
    case "missing_unique":
      return inModel(fields.length === 1 ? `${fields[0]} … @unique` : `@@unique([${fields.join(", ")}])`)
    case "purge_index":
      return fix.startsWith("reindex") ? undefined : inModel("@@index([seenAt, id])")
    case "lookup_index":
      return inModel(`@@index([${fields.join(", ")}])`)
    case "purge_blocked":
    case "self_cascade":
      return inModel(...actionLines(fix, fields))
    default:
      return undefined
  }
}

function actionLines(fix: string, fields: string[]): string[] {
  const relation = (action: string) =>
    `… @relation(fields: [${fields.join(", ")}], references: […], onDelete: ${action})`
  if (/on delete cascade/.test(fix)) return [relation("Cascade")]
  const optional = fields.map((field) => `${field} …? // optional, and its relation too`)
  if (/on delete set null/.test(fix)) return [...(/drop not null/.test(fix) ? optional : []), relation("SetNull")]
  return optional
}

/** The place of a finding is a table, or `table.column, column`. */
const ofTable = (code: Finding["code"]) => code === "missing_table" || code === "purge_index"
const tableIn = (code: Finding["code"], where: string) =>
  ofTable(code) ? where : where.slice(0, Math.max(0, where.lastIndexOf(".")))
const columnsIn = (code: Finding["code"], where: string) =>
  ofTable(code) ? [] : where.slice(where.lastIndexOf(".") + 1).split(", ")
