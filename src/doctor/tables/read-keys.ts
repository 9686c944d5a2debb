import { sql } from "drizzle-orm"
import { label } from "../../store/sql/catalogue.js"
import type { Database } from "../../store/sql/database.js"
import { quoted } from "../../store/sql/identifiers.js"
import { queryDocument } from "../../store/sql/query.js"

/** What happens to a row when the one it refers to goes; the letters are those of `confdeltype` in pg_constraint. */
export type OnDelete = "a" | "r" | "c" | "n" | "d"

/** A foreign key. */
export interface KeyFacts {
  name: string
  /** The table it is declared on; the topmost one where that is a partition; as reports name it; quoted, with its schema; and its `relkind`. */
  table: { oid: number; root: number; label: string; target: string; kind: string }
  columns: string[]
  /** Whether all of its columns take null. */
  nullable: boolean
  parent: { root: number; label: string; target: string }
  parentColumns: string[]
  onDelete: OnDelete
  /** What it says beside its columns and ON DELETE, such as ` on update cascade deferrable`. */
  rest: string
}

/** Every foreign key of the database, in a lasting order. One query. */
export function readKeys(tx: Database): Promise<KeyFacts[]> {
  const names = (table: string, key: string) =>
    sql.raw(`(
      select json_agg(attname order by position)
      from unnest(${key}) with ordinality as key (attnum, position)
      join pg_attribute using (attnum)
      where attrelid = ${table}
    )`)
  const target = (alias: string) =>
    sql.raw(`format('%I.%I', (select nspname from pg_namespace where oid = ${alias}.relnamespace), ${alias}.relname)`)
  return queryDocument(
    tx,
    sql`
    select coalesce(json_agg(json_build_object(
      'name', conname,
      'table', json_build_object(
        'oid', child.oid::int8,
        'root', coalesce(pg_partition_root(child.oid), child.oid)::oid::int8,
        'label', ${label("child")},
        'target', ${target("child")},
        'kind', child.relkind
      ),
      'columns', ${names("conrelid", "conkey")},
      'nullable', not exists (select from pg_attribute where attrelid = conrelid and attnum = any (conkey) and attnotnull),
      'parent', json_build_object(
        'root', coalesce(pg_partition_root(parent.oid), parent.oid)::oid::int8,
        'label', ${label("parent")},
        'target', ${target("parent")}
      ),
      'parentColumns', ${names("confrelid", "confkey")},
      'onDelete', confdeltype,
      'rest', concat(
        case confmatchtype when 'f' then ' match full' end,
        case confupdtype
          when 'c' then ' on update cascade' when 'r' then ' on update restrict'
          when 'n' then ' on update set null' when 'd' then ' on update set default'
        end,
        case when condeferrable then ' deferrable' end,
        case when condeferred then ' initially deferred' end
      )
    ) order by ${label("child")}, conname), '[]')::text as document
    from pg_constraint
    join pg_class child on child.oid = conrelid
    join pg_class parent on parent.oid = confrelid
    where contype = 'f' and conparentid = 0
      -- Not a column before PostgreSQL 18.
      and coalesce((to_jsonb(pg_constraint) ->> 'conenforced')::boolean, true)`,
  )
}

/**
 * The tables of which rows go with a user, the user table first: by ON DELETE CASCADE and, where the purge is run with `cascade`, also by keys
 * without an action.
 */
export function goingWithUsers(users: number, keys: KeyFacts[], { cascade }: { cascade: boolean }): Set<number> {
  const actions: OnDelete[] = cascade ? ["c", "a", "r"] : ["c"]
  const followed = keys.filter(({ onDelete }) => actions.includes(onDelete))
  const going = new Set([users])
  // A set that grows while it is walked is walked to its end.
  for (const parent of going) for (const key of followed) if (key.parent.root === parent) going.add(key.table.root)
  return going
}

/** Statements that give a foreign key another action. Rows are checked afterwards, so that nobody has to wait for it. */
export function withAction({ name, table, columns, parent, parentColumns, rest }: KeyFacts, action: string): string {
  const list = (names: string[]) => names.map(quoted).join(", ")
  // PostgreSQL knows NOT VALID for partitioned tables only since 18.
  const later = table.kind === "p" ? "" : " not valid"
  const replaced = `alter table ${table.target} drop constraint ${quoted(name)}, add constraint ${quoted(name)} foreign key (${list(columns)}) references ${parent.target} (${list(parentColumns)}) on delete ${action}${rest}${later};`
  return later === "" ? replaced : `${replaced}\nalter table ${table.target} validate constraint ${quoted(name)};`
}
