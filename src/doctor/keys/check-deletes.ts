import type { DeclaredKey } from "../../store/sql/catalogue/foreign-keys.js"
import { quoted } from "../../store/sql/identifiers.js"
import type { Finding, Severity } from "../finding.js"
import { goingWithUsers, withAction } from "../tables/foreign-keys.js"

/** Whether the foreign keys of the database let lazy users go, and nobody else with them. */
export function checkDeletes(users: number, keys: DeclaredKey[], { cascade }: { cascade: boolean }): Finding[] {
  const going = goingWithUsers(users, keys, { cascade })
  return keys
    .filter(({ parent }) => going.has(parent))
    .flatMap(
      (key) =>
        selfCascade(key, users) ?? blocked(key, users, cascade && key.table !== users ? "info" : "warning") ?? [],
    )
}

function selfCascade(key: DeclaredKey, users: number): Finding | undefined {
  const { table, declaredOn, columns, parent, leadsTo, onDelete } = key
  if (table !== users || onDelete !== "cascade") return undefined
  const by = parent === users ? "the user they refer to" : `their row of ${leadsTo.label}`
  return {
    code: "self_cascade",
    severity: "error",
    message: `Users go when ${by} does (${where(key)} cascades), so that a lazy user could take real ones along. Such users are never purged, deleted or merged; whatever else deletes them takes the others, too.`,
    fix: settingNull(key),
    where: `${declaredOn.label}.${columns.join(", ")}`,
  }
}

/** A key that may keep users from being deleted. */
function blocked(key: DeclaredKey, users: number, severity: Severity): Finding | undefined {
  const { table, declaredOn, leadsTo, onDelete, action, nullable } = key
  const common = { code: "purge_blocked", where: where(key) } as const
  if (action === "n" && !nullable) {
    return {
      ...common,
      severity: "warning",
      message: `When a row of ${leadsTo.label} is deleted, ${where(key)} is set to null, which it can't be: lazy users with such rows can't be deleted.`,
      fix: dropNotNull(key),
    }
  }
  if (onDelete !== "restrict") return undefined
  const outcome =
    severity === "info"
      ? "`purge --cascade` deletes them first"
      : table === users
        ? "the purge always skips such users"
        : "the purge skips such users, unless it is run with --cascade"
  return {
    ...common,
    severity,
    message: `Rows of ${declaredOn.label} keep users from being deleted (${where(key)} has no ON DELETE action): ${outcome}.`,
    fix: table === users ? settingNull(key) : withAction(key, "cascade"),
  }
}

function dropNotNull({ declaredOn, columns }: DeclaredKey): string {
  return columns
    .map((column) => `alter table ${declaredOn.target} alter column ${quoted(column)} drop not null;`)
    .join("\n")
}

/** Users stay when the one they refer to goes. */
function settingNull(key: DeclaredKey): string {
  const action = withAction(key, "set null")
  return key.nullable ? action : `${dropNotNull(key)}\n${action}`
}

const where = ({ declaredOn, columns }: DeclaredKey) => `${declaredOn.label}.${columns.join(", ")}`
