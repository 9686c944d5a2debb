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

/**
 * Lists the values of a session cookie, whole or in chunks, in the order of the browser: at most
 * five, the last of which is kept for a session that gives way, so that others can't hide it.
 */
export function sessionValues(name: string, cookie: string): string[] {
  const only = onlyValue(name, cookie)
  if (only) return only
  const { lasting, yielding } = groupedValues(name, cookie, MAX_VALUES)
  return [...new Set([...lasting.slice(0, MAX_VALUES - Math.min(yielding.length, 1)), ...yielding])].slice(
    0,
    MAX_VALUES,
  )
}

/** Lists every value of a session cookie, for a sign-out: as many as fit into the header. */
export function allSessionValues(name: string, cookie: string): string[] {
  const { lasting, yielding } = groupedValues(name, cookie)
  return [...new Set([...lasting, ...yielding])]
}

/** Tells whether a session is only in chunks that give way to a sign-in. */
export function isYieldingValue(name: string, cookie: string, value: string): boolean {
  if (!/\.\d\d=/.test(cookie)) return false
  const { lasting, yielding } = groupedValues(name, cookie)
  return yielding.includes(value) && !lasting.includes(value)
}

/** Reads the value of a cookie that is whole, once there and plain, as nearly always. */
function onlyValue(name: string, cookie: string): string[] | undefined {
  const first = cookie.indexOf(name)
  if (first === -1) return []
  if (!cookie.startsWith("=", first + name.length) || !isStart(cookie, first) || cookie.includes(name, first + 1))
    return undefined
  const value = /^[^;]*/.exec(cookie.slice(first + name.length + 1))?.[0].trim() ?? ""
  return /^[\w.~-]*$/.test(value) ? [value].filter((each) => each !== "") : undefined
}

/** Tells whether a cookie begins at this position, and not inside the value of another. */
function isStart(cookie: string, position: number): boolean {
  const before = cookie.slice(0, position).trimEnd()
  return before === "" || before.endsWith(";")
}

/** Groups the values by whether their session gives way. Reads each cookie once. */
function groupedValues(name: string, cookie: string, most = Number.POSITIVE_INFINITY) {
  const whole: string[] = []
  const chunks = new Map<number, string[]>()
  for (const pair of cookie.split(";"))
    for (const [given, value] of pair.includes(name) ? Object.entries(parseCookie(pair)) : []) {
      if (!value || !isNameOrChunk(given, name)) continue
      const number = Number(given.slice(name.length + 1))
      if (given === name) whole.push(value)
      else if (given !== `${name}.${number}`) continue
      else if (!chunks.get(number)?.push(value)) chunks.set(number, [value])
    }
  const inOrder = [...chunks].sort(([a], [b]) => a - b)
  const joinedOf = (fits: (number: number) => boolean) =>
    joined(
      inOrder.filter(([number]) => fits(number)).map(([, values]) => values),
      most,
    )
  return {
    lasting: [...whole, ...joinedOf((number) => number < YIELDING_CHUNK)],
    yielding: joinedOf((number) => number >= YIELDING_CHUNK),
  }
}

/**
 * Joins chunks into values. Chunks at the same position among those of the same name belong
 * together, counted from the left or from the right.
 * @param most the number of positions to look at
 */
function joined(chunks: string[][], most: number): string[] {
  const longest = Math.max(0, ...chunks.map(({ length }) => length))
  const sets = Array.from({ length: Math.min(longest, most) }, () => ["", "", ""] as [string, string, string])
  for (const values of chunks)
    for (const [n, set] of sets.slice(0, values.length).entries()) {
      set[0] += values[n]
      set[1] += values.at(-1 - n)
      // The longer of two sets has chunks that the other lacks.
      if (values.length === longest) set[2] += values[n]
    }
  return sets.flat()
}
