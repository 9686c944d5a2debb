import type postgres from "postgres"
import { withMethods } from "./conflicting-client.js"
import type { EngineProfile, Refusal } from "./engine-profiles.js"

type Work = (tx: postgres.TransactionSql) => Promise<unknown>

/**
 * Wraps a client of postgres.js so that it answers as an engine would: refuses what the engine
 * lacks, before PostgreSQL runs it, and gives the engine's answers to questions about itself.
 */
export function engineClient(client: postgres.Sql, profile: EngineProfile): postgres.Sql {
  return withMethods(client, {
    unsafe: played(client, profile),
    begin: (work: Work) => client.begin((tx) => work(engineTransaction(tx, profile))),
  })
}

function engineTransaction(tx: postgres.TransactionSql, profile: EngineProfile): postgres.TransactionSql {
  return withMethods(tx, {
    unsafe: played(tx, profile),
    savepoint(work: Work) {
      const refusal = refusalOf(profile, "savepoint s1")
      if (refusal) throw Object.assign(new Error(refusal.what), { severity: "ERROR", code: refusal.code })
      return tx.savepoint((inner) => work(engineTransaction(inner, profile)))
    },
  })
}

function played(client: postgres.ISql, profile: EngineProfile) {
  return (text: string, params: never[] = [], options?: object) => {
    const refusal = refusalOf(profile, text)
    // PostgreSQL ends a transaction in which a statement has failed, so let one fail there.
    if (refusal) return client.unsafe(raise(refusal))
    const asked = profile.says.reduce((text, [part, answer]) => text.replaceAll(part, answer), text)
    return client.unsafe(asked, params, options)
  }
}

const refusalOf = ({ refuses }: EngineProfile, text: string): Refusal | undefined => {
  const withoutStrings = text.replaceAll(/'[^']*'/g, "''")
  return refuses.find(({ pattern }) => pattern.test(withoutStrings))
}

const raise = ({ what, code }: Refusal) =>
  `do $$ begin raise exception sqlstate '${code}' using message = '${what.replaceAll("'", "''")}'; end $$`
