import type { GrowthResults } from "../growth/section.js"
import { type ScenarioName, scenarioNames } from "../http/scenarios.js"
import type { HttpResults } from "../http/section.js"
import type { Results } from "../results.js"
import { SECTIONS, type Section } from "../section.js"

/** What was to be reached, and what was. */
export interface Target {
  what: string
  /** With the sign it is compared by. */
  goal: string
  measured: number | undefined
  met: boolean | undefined
}

/** Connections that the targets are about. */
export const TARGET_CONNECTIONS = 16

const BETTER_AUTH_SIGN_IN = ["better-auth, sign-in", "better-auth with Drizzle, sign-in"] as const
const BETTER_AUTH_READ = ["better-auth, session read", "better-auth with Drizzle, session read"] as const
const ONE_STATEMENT = ["node:http, user and session in one statement"] as const
const INSERT = ["node:http, one INSERT"] as const
const NOTHING = ["node:http"] as const
const SELECT = ["node:http, one SELECT"] as const

/** How many times as many answers a second one must give as the fastest of the others. */
const RATES: [one: ScenarioName, atLeast: number, others: readonly ScenarioName[], as: string][] = [
  ["write gate, first GET, database", 0.4, NOTHING, "bare node:http"],
  ["write gate, first GET, database", 20, BETTER_AUTH_SIGN_IN, "better-auth's sign-ins (its faster adapter)"],
  ["write gate, first GET, JWT", 0.4, NOTHING, "bare node:http"],
  ["write gate, first GET, JWT", 20, BETTER_AUTH_SIGN_IN, "better-auth's sign-ins (its faster adapter)"],
  ["gate, first visit, database", 4.5, BETTER_AUTH_SIGN_IN, "better-auth (its faster adapter)"],
  ["gate, first visit, database", 0.6, ONE_STATEMENT, "the one-statement floor"],
  ["gate, first visit, JWT", 5, BETTER_AUTH_SIGN_IN, "better-auth (its faster adapter)"],
  ["gate, first visit, JWT", 0.6, INSERT, "the INSERT floor"],
  ["POST sign-in, database", 3, BETTER_AUTH_SIGN_IN, "better-auth (its faster adapter)"],
  ["POST sign-in, database", 1.3, ["Auth.js, credentials sign-in, JWT"], "plain Auth.js"],
  ["POST sign-in, JWT", 3, BETTER_AUTH_SIGN_IN, "better-auth (its faster adapter)"],
  ["POST sign-in, JWT", 1.3, ["Auth.js, credentials sign-in, JWT"], "plain Auth.js"],
  ["gate, returning visitor, JWT", 5, ["Auth.js, session read, JWT"], "Auth.js's own session read"],
  ["gate, returning visitor, database", 2.5, BETTER_AUTH_READ, "better-auth's session read (its faster adapter)"],
  ["gate, returning visitor, database", 0.6, SELECT, "the SELECT floor"],
]

const STATEMENTS: [ScenarioName, number][] = [
  ["write gate, first GET, database", 0],
  ["write gate, first GET, JWT", 0],
  ["gate, returning visitor, JWT", 0],
  ["gate, returning visitor, database", 1],
]

/** What a report is about. */
export interface Scope {
  sections: readonly Section[]
  /** The rows of the section http. */
  rows: readonly ScenarioName[]
}

const EVERYTHING: Scope = { sections: SECTIONS, rows: scenarioNames }

/** Compares what was to be reached with what was. A figure that is missing was not reached. */
export function targetsOf(
  { http = {}, growth }: Pick<Results, "http" | "growth">,
  { sections, rows }: Scope = EVERYTHING,
): Target[] {
  return [
    ...(sections.includes("http") ? httpTargets(http, rows) : []),
    ...(sections.includes("growth") ? growthTargets(growth) : []),
  ]
}

function httpTargets(http: HttpResults, rows: Scope["rows"]): Target[] {
  const at = (name: ScenarioName) => http[name]?.find(({ connections }) => connections === TARGET_CONNECTIONS)
  const rate = (name: ScenarioName) => at(name)?.rate ?? Number.NaN
  const areIn = (...names: ScenarioName[]) => names.every((name) => rows.includes(name))
  return [
    ...RATES.filter(([one, , others]) => areIn(one, ...others)).map(([one, goal, others, as]) =>
      atLeast(`${one}: times as many as ${as}`, goal, rate(one) / Math.max(...others.map(rate))),
    ),
    ...STATEMENTS.filter(([name]) => areIn(name)).map(([name, goal]) =>
      exactly(`${name}: statements`, goal, at(name)?.statements),
    ),
    exactly(
      "all of them: errors",
      0,
      sumOf(rows.flatMap((name) => http[name]?.map(({ errors }) => errors) ?? Number.NaN)),
    ),
  ]
}

const NO_GROWTH: GrowthResults = { signIn: [], purge: [], merge: [], memory: [] }

function growthTargets({ signIn, purge, merge, memory } = NO_GROWTH): Target[] {
  const [few, many] = [signIn.at(0), signIn.at(-1)]
  const [smallest, largest] = [purge.at(0), purge.at(-1)]
  const [first, last] = [memory.at(0), memory.at(-1)]
  if (!few || !many || !smallest || !largest || !first || !last || merge.length === 0)
    return [exactly("growth: figures for sign-in, purge, merge and memory", 4, undefined)]
  const perUser = ({ users, milliseconds }: typeof smallest) => milliseconds.purge / users
  const statements = merge.map((each) => each.statements.merge)
  return [
    ...purge.map(({ users, milliseconds }) =>
      atLeast(
        `purge of ${count(users)} users: times as fast as a bare batched DELETE`,
        0.8,
        milliseconds.bare / milliseconds.purge,
      ),
    ),
    atLeast(
      `purge of ${count(largest.users)} users by four at once: times as fast as by one`,
      1,
      largest.milliseconds.purge / largest.milliseconds.four,
    ),
    informing(
      `purge: time for a user, of ${count(largest.users)} against of ${count(smallest.users)}`,
      "about 1",
      perUser(largest) / perUser(smallest),
    ),
    ...merge.map(({ rows, milliseconds }) =>
      atMost(
        `merge of ${count(rows)} rows: times the time of the bare UPDATEs`,
        1.3,
        milliseconds.merge / milliseconds.bare,
      ),
    ),
    exactly(
      "merge: most statements less fewest, whatever the rows",
      0,
      Math.max(...statements) - Math.min(...statements),
    ),
    atLeast(`sign-in with ${count(many.users)} users: of the rate with ${count(few.users)}`, 0.9, many.rate / few.rate),
    informing(
      `memory: heap after ${count(last.decisions)} decisions against after ${count(first.decisions)}`,
      "about 1",
      last.heapMB / first.heapMB,
    ),
  ]
}

const count = (value: number) => value.toLocaleString("en")
const sumOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0)

const atLeast = (what: string, goal: number, measured: number): Target => ({
  ...{ what, goal: `≥ ${goal}`, measured },
  met: measured >= goal,
})
const atMost = (what: string, goal: number, measured: number): Target => ({
  ...{ what, goal: `≤ ${goal}`, measured },
  met: measured <= goal,
})
const exactly = (what: string, goal: number, measured = Number.NaN): Target => ({
  ...{ what, goal: `= ${goal}`, measured },
  met: measured === goal,
})
const informing = (what: string, goal: string, measured: number): Target => ({ what, goal, measured, met: undefined })
