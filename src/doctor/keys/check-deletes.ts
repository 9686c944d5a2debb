import type { DeclaredKey } from "../../store/sql/catalogue/foreign-keys.js"
import { quoted } from "../../store/sql/identifiers.js"
import type { Finding, Severity } from "../finding.js"
import { goingWithUsers, withAction } from "../tables/foreign-keys.js"

/**
 * Reports foreign keys that keep lazy users from being deleted, or that delete other users with
 * them.
 */
export function checkDeletes(users: number, keys: DeclaredKey[], { cascade }: { cascade: boolean }): Finding[] {
  const going = goingWithUsers(users, keys, { cascade })
  return keys
    .filter(({ enforced, parent }) => enforced && going.has(parent))
    .flatMap(
      (key) =>
        selfCascade(key, users) ?? blocked(key, users, cascade && key.table !== users ? "info" : "warning") ?? [],
    )
}

function selfCascade(key: DeclaredKey, users: number): Finding | undefined {
  const { table, declaredOn, columns, parent, leadsTo, onDelete } = key
  if (table !== users || onDelete !== "cascade") return undefined
  const by = parent === users ? "a user they refer to" : `a row of ${leadsTo.label} they refer to`
  return {
    code: "self_cascade",
    severity: "error",
    message: `Deleting ${by} deletes users (${where(key)} cascades), so deleting a lazy user could delete real users. Such lazy users are never purged, deleted or merged; any other DELETE takes the real users along.`,
    fix: settingNull(key),
    where: `${declaredOn.label}.${columns.join(", ")}`,
  }
}

/** Reports a key that may keep users from being deleted. */
function blocked(key: DeclaredKey, users: number, severity: Severity): Finding | undefined {
  const { table, declaredOn, leadsTo, onDelete, action, nullable } = key
  const common = { code: "purge_blocked", where: where(key) } as const
  if (action === "n" && !nullable) {
    return {
      ...common,
      severity: "warning",
      message: `When a row of ${leadsTo.label} is deleted, PostgreSQL sets ${where(key)} to null, but a column is NOT NULL: lazy users with such rows can't be deleted.`,
      fix: key.hasKey ? withAction(key, table === users ? "no action" : "cascade") : dropNotNull(key),
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

/** Writes the statements that keep users when the one they refer to is deleted. */
function settingNull(key: DeclaredKey): string {
  // A column of the primary key can't be set to null, so the row that it refers to has to stay.
  if (key.hasKey) return key.onDelete === "cascade" ? withAction(key, "no action") : dropKey(key)
  const action = withAction(key, "set null")
  return key.nullable ? action : `${dropNotNull(key)}\n${action}`
}

const dropKey = ({ declaredOn, name }: DeclaredKey) =>
  `alter table ${declaredOn.target} drop constraint ${quoted(name)};`

const where = ({ declaredOn, columns }: DeclaredKey) => `${declaredOn.label}.${columns.join(", ")}`
