import type { UserReferences } from "../../store/merge/references/references.js"
import type { Finding } from "../finding.js"

/** Matches names of tables with credentials. */
const TABLE_NAMES =
  /^(.*_)?(api_?keys?|access_keys?|.*tokens?|.*secrets?|credentials?|pats?|webhooks?|.*passwords?|passkeys?|authenticators?|devices?|ssh_?keys?|public_keys?|oauth_.*|totps?|otps?|two_?factors?|mfas?|(recovery|backup)_?codes?|magic_?links?)$/

/** Matches names of columns with credentials. */
const COLUMN_NAMES =
  /^((api|access|secret|private)_?key|(.*_)?(secret|token|token_?hash|key_?hash|hashed_?key|api_?key_?hash))$/

/** Reports tables that refer to users and look like credentials, but are not declared. */
export function checkCredentials({ users, tables }: UserReferences): Finding[] {
  return tables
    .filter(({ oid }) => oid !== users.oid)
    .flatMap(({ label, columns }) => {
      const table = label.slice(label.indexOf(".") + 1)
      const column = columns.map(({ name }) => name).find((name) => COLUMN_NAMES.test(snakeCase(name)))
      if (!TABLE_NAMES.test(snakeCase(table)) && column === undefined) return []
      const why = column === undefined ? "is called" : `has a column ${column},`
      return [
        {
          code: "credentials",
          severity: "info",
          message: `${label} ${why} as if it held credentials. Its rows stay when a lazy user converts and move in a merge, so an attacker who planted the cookie would keep the keys.`,
          fix: `LazyAdapter(db, { credentials: [${camelCase(table)}] })`,
          where: label,
        },
      ]
    })
}

const snakeCase = (name: string) => name.replaceAll(/(?<=[a-z\d])(?=[A-Z])|[\s-]+/g, "_").toLowerCase()

const camelCase = (name: string) => snakeCase(name).replaceAll(/_+(\w)/g, (_, letter: string) => letter.toUpperCase())
