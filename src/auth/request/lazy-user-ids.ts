import { createHmac } from "node:crypto"
import type { AuthConfig } from "@auth/core"
import { v7 as uuidv7 } from "uuid"
import { newId } from "../../new-id.js"
import { readCsrfToken } from "./csrf-cookie.js"
import type { RequestHead } from "./head.js"

const WINDOW_MS = 10_000

/** The ids to try for a new lazy user, best first, and the function that replaces a used one. */
export interface LazyUserIds {
  ids: [string, ...string[]]
  successor: (id: string) => string
}

/**
 * Derives the ids to try for a new lazy user from the browser's CSRF token and the time, so that
 * two requests within seconds ask for the same id. The second id is that of the window before.
 * Without a CSRF token, as on a first visit, returns one random id.
 *
 * All ids are UUIDv7 (RFC 9562, section 5.7), whose leading time keeps indexes compact. The
 * successor of an id is derived too, so that simultaneous requests after a sign-out get one user.
 */
export function lazyUserIds(config: AuthConfig, request: RequestHead): LazyUserIds {
  const csrfToken = readCsrfToken(config, request)
  const secret = csrfToken && [config.secret].flat()[0]
  if (!csrfToken || !secret) return { ids: [newId()], successor: newId }
  const tried = idInToken(secret, csrfToken)
  const start = Date.now() - (Date.now() % WINDOW_MS)
  const successor = (id: string) => derive(secret, `successor|${id}`, start)
  const current = (id: string): string => (isForgotten(id) ? current(successor(id)) : id)
  const derived = [start, start - WINDOW_MS].map((from) => derive(secret, `${from}|${csrfToken}`, from))
  const ids = tried === undefined || isForgotten(tried) ? derived : [tried, ...derived]
  const [first = newId(), ...twins] = ids.map((id, n) => (n === 0 ? current(id) : id)).filter((id) => !isForgotten(id))
  return { ids: [first, ...twins], successor: (id) => current(successor(id)) }
}

/** The time in which a browser can repeat a first visit that failed, in milliseconds. */
const TRIED_MS = 60_000

/**
 * Makes a CSRF token that names the id of a lazy user who may have been made: the id, and a hash
 * that takes the secret. Returns undefined without a secret.
 */
export function tokenForId(config: AuthConfig, id: string): string | undefined {
  const secret = [config.secret].flat()[0]
  return secret ? nameInToken(secret, id.replaceAll("-", "")) : undefined
}

/** Returns the id that a CSRF token names; undefined for any other token, and after a minute. */
function idInToken(secret: string, token: string): string | undefined {
  // A random token hardly ever begins with the time of now, so it costs no hash.
  const age = Date.now() - Number.parseInt(token.slice(0, 12), 16)
  if (!(age >= -WINDOW_MS && age < TRIED_MS)) return undefined
  const digits = token.slice(0, 32)
  if (nameInToken(secret, digits) !== token) return undefined
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
}

function nameInToken(secret: string, digits: string): string {
  const hash = createHmac("sha256", secret).update(`authjs-lazy tried id|${digits}`).digest("hex")
  return digits + hash.slice(0, 32)
}

function derive(secret: string, what: string, msecs: number): string {
  const digest = createHmac("sha256", secret).update(`authjs-lazy user id|${what}`).digest()
  return uuidv7({ msecs, random: digest.subarray(0, 16), seq: digest.readUInt32BE(16) })
}

/**
 * The ids of users that were just deleted, with the time from which they can't be derived again.
 */
const forgotten = new Map<string, number>()

/**
 * The most ids that are remembered; beyond it, the oldest goes. No process deletes as many users in
 * a minute.
 */
const MAX_FORGOTTEN = 10_000

/** Keeps this process from giving the id of a deleted user to the next person at the browser. */
export function forgetLazyUser(id: string): void {
  const now = Date.now()
  for (const [old, until] of forgotten) {
    if (until > now && forgotten.size < MAX_FORGOTTEN) break
    forgotten.delete(old)
  }
  forgotten.set(id, now + TRIED_MS)
}

/** Keeps this process from giving the ids of this browser to the next person at it. */
export function forgetBrowser(config: AuthConfig, request: RequestHead): void {
  for (const id of lazyUserIds(config, request).ids) forgetLazyUser(id)
}

function isForgotten(id: string): boolean {
  return (forgotten.get(id) ?? 0) > Date.now()
}

/**
 * The time, in milliseconds, in which repeated sign-ups of one browser under one name derive the
 * same id.
 */
const SIGN_UP_WINDOW_MS = 5 * 60_000

/**
 * Derives the ids for a sign-up of this browser under this name, of now and of a few minutes ago.
 * They show that an account was made by the same form. Returns none without a CSRF token.
 */
export function signUpIds(config: AuthConfig, request: RequestHead, name: string): string[] {
  const csrfToken = readCsrfToken(config, request)
  const secret = csrfToken && [config.secret].flat()[0]
  if (!csrfToken || !secret) return []
  const start = Date.now() - (Date.now() % SIGN_UP_WINDOW_MS)
  const key = `sign-up|${name}|${csrfToken}`
  return [start, start - SIGN_UP_WINDOW_MS].map((from) => derive(secret, `${from}|${key}`, from))
}
