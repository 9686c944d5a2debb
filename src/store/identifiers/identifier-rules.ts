import { type SQL, sql } from "drizzle-orm"
import type { Database } from "../sql/database.js"
import { columnName, qualifiedName } from "../sql/identifiers.js"
import { queryDocument } from "../sql/query.js"
import type { Violation } from "../sql/violation.js"
import type { Tables } from "../tables/resolve-tables.js"

/** The identifying fields of a user. */
export type KnownBy = "id" | "username" | "email"

/** A unique rule or an exclusion constraint of the user table. */
export interface UserRule {
  /** The name of its index, which is that of its constraint. */
  name: string
  keys: {
    /** Null for an expression. */
    column: string | null
    /** The expression of the key, or that of the generated column that the key is. */
    expression: string | null
  }[]
}

/** The user table as the database has it. */
export interface UserRules {
  /** `relkind` of pg_class. */
  kind: string
  /** Quoted, with its schema. */
  target: string
  /** The valid rules. An unfinished index of CREATE INDEX CONCURRENTLY is left out. */
  rules: UserRule[]
}

/**
 * Reads the unique rules and exclusion constraints of the user table; null when the table is
 * missing. One query.
 */
export async function readUserRules(db: Database, { usersTable }: Tables): Promise<UserRules | null> {
  return queryDocument(
    db,
    sql`
    select (
      select json_build_object(
        'kind', relkind,
        'target', format('%I.%I', nspname, relname),
        'rules', (
          select coalesce(json_agg(${rule} order by rule_index.relname), '[]')
          from pg_index join pg_class rule_index on rule_index.oid = indexrelid
          where indrelid = class.oid and (indisunique or indisexclusion) and indisvalid and indisready
        )
      )
      from pg_class class join pg_namespace on pg_namespace.oid = class.relnamespace
      where class.oid = to_regclass(${qualifiedName(usersTable)})
    )::text as document`,
  )
}

/**
 * Finds the rule of the user table that a statement has broken; null for a rule of another table.
 * One query.
 */
export function readBrokenRule(
  db: Database,
  { usersTable }: Tables,
  { schema, constraint }: Violation,
): Promise<UserRule | null> {
  return queryDocument(
    db,
    sql`
    select (
      select ${rule}
      from pg_index
      join pg_class rule_index on rule_index.oid = indexrelid
      join pg_namespace on pg_namespace.oid = rule_index.relnamespace
      where rule_index.relname = ${constraint ?? null}::text
        and (${schema ?? null}::text is null or nspname = ${schema ?? null}::text)
        and (
          coalesce(pg_partition_root(indrelid), indrelid) = ${users(usersTable)}
          -- What a view stands for is not known, but that it has these columns.
          or (select relkind = 'v' from pg_class where oid = ${users(usersTable)})
        )
      limit 1
    )::text as document`,
  )
}

const users = (usersTable: Tables["usersTable"]): SQL => {
  const name = sql`to_regclass(${qualifiedName(usersTable)})`
  return sql`coalesce(pg_partition_root(${name}), ${name})`
}

const rule = sql`json_build_object(
  'name', rule_index.relname,
  'keys', (
    select json_agg(json_build_object(
      'column', attname,
      'expression', case
        when attname is null then pg_get_indexdef(indexrelid, position::int, false)
        when attgenerated <> '' then pg_get_expr(adbin, adrelid)
      end
    ) order by position)
    from unnest(indkey::int2[]) with ordinality as key (attnum, position)
    left join pg_attribute on attrelid = indrelid and pg_attribute.attnum = nullif(key.attnum, 0)
    left join pg_attrdef on adrelid = attrelid and adnum = pg_attribute.attnum
    where position <= indnkeyatts
  )
)`

/**
 * Tells whether a rule involves a column: by itself, in an expression such as `lower(email)`, or
 * with others.
 */
export function isAbout(db: Database, { usersTable }: Tables, { keys }: UserRule, identifier: KnownBy): boolean {
  const name = columnName(db, usersTable[identifier])
  return keys.some(({ column, expression }) => column === name || mentions(expression ?? "", name))
}

function mentions(expression: string, name: string): boolean {
  const escaped = name.replaceAll('"', '""').replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
  return new RegExp(`"${escaped}"|(?<![\\w"$.])${escaped}(?![\\w"$])`).test(expression)
}
