import type { Database } from "../database.js"
import type { Engine } from "../engine/engine.js"
import type { RowKeys } from "../row-place.js"
import { type CollatedPair, readCollations } from "./collations.js"
import { type ReachedRows, readReached } from "./reached.js"
import { Reach, type ReachedTable } from "./reached-tables.js"

/**
 * A foreign key, with its columns in their order. Tables are told apart by their oids, partitions
 * by that of their topmost table.
 */
export interface ForeignKey {
  name: string
  table: number
  /** The name of that table in reports. */
  label: string
  /** The topmost table, quoted, ready to delete from. */
  wholeTarget: string
  /** The table or partition that has the key, quoted, ready to select from. */
  target: string
  columns: string[]
  parent: number
  parentLabel: string
  /** The table or partition that the key leads to, quoted, ready to select from. */
  parentTarget: string
  parentColumns: string[]
  /** The collation, quoted, to compare each pair of columns by; null where PostgreSQL can tell. */
  collations: (string | null)[]
  /** The ON DELETE action; NO ACTION and RESTRICT are `restrict`. */
  onDelete: "cascade" | "set" | "restrict"
  /** Whether it belongs to a single partition, or leads to one. */
  isPartial: boolean
  /** Whether it compares periods of time (PERIOD, since PostgreSQL 18) instead of values. */
  isTemporal: boolean
  /** False for a key declared NOT ENFORCED, or whose triggers are disabled. */
  enforced: boolean
  /** Whether the role may read the table and the one that the key leads to. */
  readable: boolean
}

/** A foreign key with what it takes to declare it again. */
export interface DeclaredKey extends ForeignKey {
  /** The table or partition that has the key: its name in reports, quoted, and its `relkind`. */
  declaredOn: { label: string; target: string; kind: string }
  /** The table or partition that the key leads to. */
  leadsTo: { label: string; target: string }
  /** Whether all of its columns take null. */
  nullable: boolean
  /** Whether one of its columns can never take null: it is part of a primary key, or the like. */
  hasKey: boolean
  /** `confdeltype` in pg_constraint. */
  action: "a" | "r" | "c" | "n" | "d"
  /** What it says beside its columns and ON DELETE, such as ` on update cascade deferrable`. */
  rest: string
}

/** A table made with INHERITS and the one it was made from. */
export interface Inheritance {
  parent: number
  child: number
}

/** The foreign keys around some tables, as {@link readForeignKeys} returns them. */
export interface ForeignKeys {
  /** The oids of the named tables; null where there is no such table. */
  named: (number | null)[]
  foreignKeys: ForeignKey[]
  inherited: Inheritance[]
  /** The named tables and those that refer to them, without partitions, by their oids. */
  tables: ReadonlyMap<number, ReachedTable>
  /** The topmost table of each partition, both by their names in reports. */
  partitions: ReadonlyMap<string, string>
  /**
   * The tables, including partitions, whose rows can go or change with rows of the named ones;
   * undefined when triggers or rules may reach any table.
   */
  within: number[] | undefined
  /** Whether a trigger or a constraint of these tables can wait for the end of the transaction. */
  isDeferrable: boolean
  /** The primary keys of these tables. */
  rowKeys: RowKeys
  engine: Engine
  /** The isolation level of the transaction, such as `read committed`. */
  isolation: string
}

/**
 * Reads the foreign keys of the named tables and of every table that refers to them, directly or
 * through others. One query, and another one where a key compares two collations.
 * @param names the quoted names of the tables
 */
export async function readForeignKeys(db: Database, names: string[]): Promise<ForeignKeys> {
  const rows = await readReached(db, names)
  const reach = new Reach(rows)
  const { named, reached, inherited, engine, isolation } = rows
  const isReached = new Set(reached)
  const triggers = rows.triggers.filter(({ table }) => isReached.has(table))
  const isWatched =
    triggers.some(({ internal, enabled }) => !internal && enabled !== "D") ||
    rows.tables.some(({ oid, hasRewrites }) => hasRewrites && isReached.has(oid))
  const tables = reach.wholeTables()
  return {
    named,
    foreignKeys: await keysOf(db, rows, reach),
    inherited,
    tables,
    partitions: reach.partitions(),
    within: isWatched ? undefined : reached,
    isDeferrable: triggers.some(({ deferrable }) => deferrable),
    rowKeys: Object.fromEntries(
      [...tables.values()].filter(({ key }) => key.length > 0).map(({ oid, key }) => [oid, key]),
    ),
    engine,
    isolation,
  }
}

/**
 * Reads the foreign keys of a table and of every table that refers to it, directly or through
 * others, with their declarations. One query, and another one where a key compares two collations.
 */
export async function readDeclaredKeys(db: Database, table: number): Promise<DeclaredKey[]> {
  const rows = await readReached(db, [String(table)])
  const reach = new Reach(rows)
  const keys = await keysOf(db, rows, reach)
  const declared = keys.map((key, position) => ({
    ...key,
    ...declarationOf(rows, reach, ownKeys(rows, reach)[position] as Row),
  }))
  const place = ({ declaredOn, name }: DeclaredKey) => `${declaredOn.label} ${name}`
  return declared.sort((one, other) => (place(one) < place(other) ? -1 : 1))
}

type Row = ReachedRows["keys"][number]

const ON_DELETE: Record<Row["onDelete"], ForeignKey["onDelete"]> = {
  a: "restrict",
  r: "restrict",
  c: "cascade",
  n: "set",
  d: "set",
}

/** Lists the rows of keys by the oid of the topmost table, and their names. */
function ownKeys({ keys }: ReachedRows, reach: Reach): Row[] {
  return keys.toSorted(
    (one, other) => reach.whole(one.table).oid - reach.whole(other.table).oid || (one.name < other.name ? -1 : 1),
  )
}

async function keysOf(db: Database, rows: ReachedRows, reach: Reach): Promise<ForeignKey[]> {
  const own = ownKeys(rows, reach)
  const collations = await readCollations(
    db,
    own.flatMap((key) => pairsOf(key, reach)),
  )
  return own.map((key) => {
    const { oid, table, parent, onDelete, period, enforced } = key
    const [child, whole] = [reach.whole(table), reach.whole(parent)]
    const isDisabled = rows.triggers.some(
      (trigger) => trigger.constraint === oid && trigger.table === parent && /[DR]/.test(trigger.enabled),
    )
    return {
      name: key.name,
      table: child.oid,
      label: child.label,
      wholeTarget: child.target,
      target: reach.table(table).target,
      columns: reach.names(table, key.columns),
      parent: whole.oid,
      parentLabel: whole.label,
      parentTarget: reach.table(parent).target,
      parentColumns: reach.names(parent, key.parentColumns),
      collations: pairsOf(key, reach).map(collations),
      onDelete: ON_DELETE[onDelete],
      isPartial: table !== child.oid || parent !== whole.oid,
      isTemporal: period === true,
      enforced: enforced !== false && !rows.isReplica && !isDisabled,
      readable: child.readable && whole.readable,
    }
  })
}

function pairsOf({ table, parent, columns, parentColumns }: Row, reach: Reach): CollatedPair[] {
  return columns.map((number, position) => ({
    child: reach.column(table, number).collation,
    parent: reach.column(parent, parentColumns[position] as number).collation,
  }))
}

const ACTIONS = {
  a: "",
  r: " on update restrict",
  c: " on update cascade",
  n: " on update set null",
  d: " on update set default",
}

function declarationOf(rows: ReachedRows, reach: Reach, key: Row): Omit<DeclaredKey, keyof ForeignKey> {
  const { table, parent, columns } = key
  const [declaredOn, leadsTo] = [reach.table(table), reach.table(parent)]
  const own = columns.map((number) => reach.column(table, number))
  return {
    declaredOn: { label: declaredOn.label, target: declaredOn.qualified, kind: declaredOn.kind },
    leadsTo: { label: leadsTo.label, target: leadsTo.qualified },
    nullable: own.every(({ notNull }) => !notNull),
    hasKey:
      own.some(({ generation }) => generation !== null) ||
      rows.indexes.some(
        (index) =>
          index.table === table && (index.primary || index.identity) && columns.some((n) => index.columns.includes(n)),
      ),
    action: key.onDelete,
    rest: `${key.match === "f" ? " match full" : ""}${ACTIONS[key.onUpdate]}${key.deferrable ? " deferrable" : ""}${key.deferred ? " initially deferred" : ""}`,
  }
}
