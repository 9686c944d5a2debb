import { quoted } from "../../store/sql/identifiers.js"
import type { Finding, Severity } from "../finding.js"
import { goingWithUsers, type KeyFacts, withAction } from "../tables/read-keys.js"

/** Whether the foreign keys of the database let lazy users go, and nobody else with them. */
export function checkDeletes(users: number, keys: KeyFacts[], { cascade }: { cascade: boolean }): Finding[] {
  const going = goingWithUsers(users, keys, { cascade })
  return keys
    .filter(({ parent }) => going.has(parent.root))
    .flatMap(
      (key) =>
        selfCascade(key, users) ?? blocked(key, users, cascade && key.table.root !== users ? "info" : "warning") ?? [],
    )
}

function selfCascade(key: KeyFacts, users: number): Finding | undefined {
  const { table, columns, parent, onDelete } = key
  if (table.root !== users || onDelete !== "c") return undefined
  const by = parent.root === users ? "the user they refer to" : `their row of ${parent.label}`
  return {
    code: "self_cascade",
    severity: "error",
    message: `Users go when ${by} does (${where(key)} cascades), so that a lazy user could take real ones along. Such users are never purged, deleted or merged; whatever else deletes them takes the others, too.`,
    fix: settingNull(key),
    where: `${table.label}.${columns.join(", ")}`,
  }
}

/** A key that may keep users from being deleted. */
function blocked(key: KeyFacts, users: number, severity: Severity): Finding | undefined {
  const { table, parent, onDelete, nullable } = key
  const common = { code: "purge_blocked", where: where(key) } as const
  if (onDelete === "n" && !nullable) {
    return {
      ...common,
      severity: "warning",
      message: `When a row of ${parent.label} is deleted, ${where(key)} is set to null, which it can't be: lazy users with such rows can't be deleted.`,
      fix: dropNotNull(key),
    }
  }
  if (onDelete !== "a" && onDelete !== "r") return undefined
  const outcome =
    severity === "info"
      ? "`purge --cascade` deletes them first"
      : table.root === users
        ? "the purge always skips such users"
        : "the purge skips such users, unless it is run with --cascade"
  return {
    ...common,
    severity,
    message: `Rows of ${table.label} keep users from being deleted (${where(key)} has no ON DELETE action): ${outcome}.`,
    fix: table.root === users ? settingNull(key) : withAction(key, "cascade"),
  }
}

function dropNotNull({ table, columns }: KeyFacts): string {
  return columns.map((column) => `alter table ${table.target} alter column ${quoted(column)} drop not null;`).join("\n")
}

/** Users stay when the one they refer to goes. */
function settingNull(key: KeyFacts): string {
  const action = withAction(key, "set null")
  return key.nullable ? action : `${dropNotNull(key)}\n${action}`
}

const where = ({ table, columns }: KeyFacts) => `${table.label}.${columns.join(", ")}`
