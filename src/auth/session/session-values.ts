import { parseCookie } from "cookie"
import { isNameOrChunk } from "../request/cookies.js"

/** The number of values to try. More cookies of one name are not worth a database query. */
const MAX_VALUES = 5

/**
 * The number of the first chunk of a session that gives way to a sign-in, beyond those of any token,
 * so that it replaces no chunk of a sign-in either.
 */
export const YIELDING_CHUNK = 50

/** Tells whether a session cookie is a chunk of a session that gives way to a sign-in. */
export function isYielding(given: string, name: string): boolean {
  return Number(given.slice(name.length + 1)) >= YIELDING_CHUNK
}

/** Lists the values of a session cookie, whole or in chunks, in the order of the browser. */
export function sessionValues(name: string, cookie: string): string[] {
  const first = cookie.indexOf(name)
  if (first === -1) return []
  if (cookie.startsWith("=", first + name.length) && isStart(cookie, first) && !cookie.includes(name, first + 1)) {
    const value = /^[^;]*/.exec(cookie.slice(first + name.length + 1))?.[0].trim() ?? ""
    if (/^[\w.~-]*$/.test(value)) return value ? [value] : []
  }
  const found = cookie.split(";").flatMap((pair) => Object.entries(parseCookie(pair)))
  const named = found.flatMap(([each, value]) => (value && isNameOrChunk(each, name) ? [{ each, value }] : []))
  const whole = named.filter(({ each }) => each === name).map(({ value }) => value)
  const chunks = named.filter(({ each }) => each !== name)
  const numbers = [...new Set(chunks.map(({ each }) => Number(each.slice(name.length + 1))))].sort((a, b) => a - b)
  const setsOf = (from: number[]) =>
    joined(from.map((n) => chunks.filter(({ each }) => each === `${name}.${n}`).map(({ value }) => value)))
  const written = setsOf(numbers.filter((n) => n < YIELDING_CHUNK))
  const yielding = setsOf(numbers.filter((n) => n >= YIELDING_CHUNK))
  return [...new Set([...whole, ...written, ...yielding])].slice(0, MAX_VALUES)
}

/** Tells whether a cookie begins at this position, and not inside the value of another. */
function isStart(cookie: string, position: number): boolean {
  const before = cookie.slice(0, position).trimEnd()
  return before === "" || before.endsWith(";")
}

/**
 * Joins chunks into values. Chunks at the same position among those of the same name belong
 * together, counted from the left or from the right.
 */
function joined(chunks: string[][]): string[] {
  const most = Math.max(0, ...chunks.map(({ length }) => length))
  const sets = Array.from({ length: most }, (_, n) => [
    chunks.map((values) => values[n]),
    chunks.map((values) => values.at(-1 - n)),
    // The longer of two sets has chunks that the other lacks.
    chunks.filter((values) => values.length === most).map((values) => values[n]),
  ])
  return sets.flat().map((set) => set.join(""))
}
