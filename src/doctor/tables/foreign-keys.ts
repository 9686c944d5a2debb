import type { DeclaredKey } from "../../store/sql/catalogue/foreign-keys.js"
import { quoted } from "../../store/sql/identifiers.js"

/**
 * Finds the tables whose rows go with a user, the user table first: by ON DELETE CASCADE and, where
 * the purge runs with `cascade`, also by keys without an action.
 */
export function goingWithUsers(users: number, keys: DeclaredKey[], { cascade }: { cascade: boolean }): Set<number> {
  const isFollowed = ({ onDelete }: DeclaredKey) => onDelete === "cascade" || (cascade && onDelete === "restrict")
  const followed = keys.filter((key) => key.enforced && isFollowed(key))
  const going = new Set([users])
  // A loop over a set also visits what is added meanwhile.
  for (const parent of going) for (const key of followed) if (key.parent === parent) going.add(key.table)
  return going
}

/** Writes the statements that give a foreign key another action, or declare it again. */
export function withAction(key: DeclaredKey, action: string): string {
  return declareKey(key, action, `drop constraint ${quoted(key.name)}, `)
}

/**
 * Writes the statements that declare a foreign key. They check existing rows in a second step,
 * which locks out no writer.
 * @param before what the same statement does first
 */
export function declareKey(
  { name, declaredOn, columns, leadsTo, parentColumns, rest }: DeclaredKey,
  action: string,
  before = "",
): string {
  const list = (names: string[]) => names.map(quoted).join(", ")
  // Before PostgreSQL 18, a partitioned table takes no NOT VALID.
  const later = declaredOn.kind === "p" ? "" : " not valid"
  const replaced = `alter table ${declaredOn.target} ${before}add constraint ${quoted(name)} foreign key (${list(columns)}) references ${leadsTo.target} (${list(parentColumns)}) on delete ${action}${rest}${later};`
  return later === "" ? replaced : `${replaced}\nalter table ${declaredOn.target} validate constraint ${quoted(name)};`
}
