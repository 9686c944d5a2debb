import type { AuthConfig } from "@auth/core"
import type { Account, Profile } from "@auth/core/types"
import type { LazyAdapter } from "../../store/lazy-adapter.js"
import type { MergeHook, MergeReport } from "../../store/merge/types.js"
import type { UserRow } from "../../store/tables/user-row.js"
import type { LazyTelemetry } from "../../store/telemetry.js"
import type { ConvertedBy, ConvertHook } from "../../store/users/conversion.js"
import type { TrustedProxy } from "../request/client-address.js"
import type { CreationLimits } from "./limits.js"

/**
 * The options of this library, under `lazy` in the configuration.
 * @example
 * const lazy: LazyOptions = { limits: { perAddress: 10 }, signOut: "delete" }
 */
export interface LazyOptions {
  /**
   * Whether new lazy users are made; a function decides for each request. Existing lazy users keep
   * working and can convert either way.
   * @default true
   * @example enabled: (request) => !request.url.includes("/admin")
   */
  enabled?: boolean | ((request: Request) => boolean | Promise<boolean>)
  /**
   * Limits how many lazy users are made.
   * @default { perAddress: 30 }
   * @example limits: { perAddress: 10, overall: 1000 }
   */
  limits?: CreationLimits
  /**
   * Names the header that holds the client's address behind a proxy. Without it, only the address
   * that the framework knows counts, and such headers are ignored.
   * @default no header
   * @example trustProxy: { header: "x-forwarded-for", hops: 1 }
   */
  trustProxy?: TrustedProxy
  /**
   * Lists the sites that may show the app in an iframe, by origin. The gate then makes lazy users for
   * pages in such frames, every cookie of Auth.js is `SameSite=None; Secure; Partitioned`, and gates,
   * the convert page and `handleAuth` forbid other sites to embed their pages.
   *
   * Browsers send such cookies with forms of other sites too. Gates ignore the session of these
   * requests; a route without a gate must check `Origin` itself.
   * @default [], so that nobody is made in a frame of another site
   * @example embedded: ["https://partner.example"]
   */
  embedded?: readonly string[]
  /**
   * Decides whether the visitor is a person, with Turnstile, hCaptcha or anything else. Runs before
   * a lazy user is made and before the limits count; false treats the visitor as a bot. `form`
   * holds the fields of a submitted form.
   * @default every visitor counts as a person
   * @example verify: (request, form) => form.answer === "42"
   */
  verify?: (request: Request, form: Record<string, unknown>) => boolean | Promise<boolean>
  /**
   * Decides whether a user agent is a bot; null means that the request has none.
   * @default `isbot`, which yours can call to extend its list
   * @example isBot: (userAgent) => userAgent === null || userAgent.includes("curl")
   */
  isBot?: (userAgent: string | null) => boolean
  /**
   * With JWT sessions, the number of seconds after which the token of a lazy user is checked
   * against the database again. Database sessions need no check.
   * @default 300
   * @example recheck: 60
   */
  recheck?: number
  /**
   * Tells whether a user may sign in and keep a session, as `LazyAdapter({ isActive })` does, for
   * one of several apps with the same adapter. A user must be active by both.
   * @default every user is active
   * @example isActive: (user) => user.email === null || user.email.endsWith("@example.com")
   */
  isActive?(user: UserRow): boolean | Promise<boolean>
  /**
   * Decides what happens to a lazy user who signs out, and can't come back. `"keep"` leaves the row
   * to the purge; `"delete"` deletes it at once, with the rows that refer to it by ON DELETE
   * CASCADE.
   * @default "keep"
   * @example signOut: "delete"
   */
  signOut?: "keep" | "delete"
  /**
   * Runs inside the transaction that converts a lazy user. An error undoes the conversion, and the
   * lazy user stays signed in.
   * @default no hook
   * @example onConvert: async ({ from, user }) => console.log(from.username, user.username)
   */
  onConvert?: ConvertHook
  /**
   * Decides whether a lazy user who signs in to an existing account is merged into it. Without a
   * merge, the account is signed in, and the lazy user is left for the purge without a session.
   * @default "auto", which always merges
   * @example merge: ({ from }) => from.name !== null
   */
  merge?: "auto" | "never" | ((context: MergeContext) => boolean | Promise<boolean>)
  /**
   * Runs inside the transaction that merges, with the rows that can't move. An error undoes the
   * merge.
   * @default no hook
   * @example onMerge: async ({ conflicts }) => console.log(Object.keys(conflicts))
   */
  onMerge?: MergeHook
  /**
   * Decides what happens when a row can't move: `"keep"` keeps the real user's row, `"error"`
   * refuses the merge.
   * @default "keep"
   * @example onConflict: "error"
   */
  onConflict?: "keep" | "error"
  /**
   * Names tables that a merge does not touch, as in the `moved` counts of its report. Their rows
   * keep the id of the lazy user and meet the ON DELETE of their foreign key when it is deleted.
   * @default {}, so that every table is merged
   * @example mergeTables: { audit_log: "leave" }
   */
  mergeTables?: Record<string, "leave">
  /**
   * Decides what happens when a merge fails and would fail again. `"refuse"` changes nothing and
   * ends the sign-in with the code `merge_failed`; the person can then sign in without the merge.
   * `"leave"` signs the real user in and keeps the lazy user and its rows for `adapter.lazy.merge`;
   * the purge spares it for 90 days, or for the seconds in `leave`.
   *
   * An error thrown by `onMerge` always refuses the sign-in.
   * @default "refuse"
   * @example onMergeError: { leave: 365 * 24 * 60 * 60 }
   */
  onMergeError?: "refuse" | "leave" | { leave: number }
  /**
   * Decides whether the provider verified the e-mail address in this profile. Return undefined to
   * use the built-in reading, in which a field such as `email_verified`, `verified` or
   * `confirmed_at` that is falsy or says "no" means unverified. An unverified address is neither
   * stored nor linked.
   * @default the built-in reading
   * @example
   * isEmailVerified: (profile, { provider }) =>
   *   provider === "acme" ? profile.mail_state === "checked" : undefined
   */
  isEmailVerified?: (profile: Profile, account: Account) => boolean | undefined | Promise<boolean | undefined>
  /**
   * Records spans and counters of what becomes of lazy users, also of `adapter.lazy.purge()`:
   * `openTelemetry()` of `authjs-lazy/opentelemetry`.
   * @default nothing is recorded
   * @example telemetry: openTelemetry()
   */
  telemetry?: LazyTelemetry
}

/** The sign-in that `lazy.merge` decides on. */
export interface MergeContext {
  /** The lazy user. */
  from: UserRow
  /** The real user who owns the account. */
  into: UserRow
  /** The account through which the real user signs in, as Auth.js describes it. */
  account: Account
}

/**
 * The request in which something happened, as the events of this library get it. Its cookies and
 * its `authorization` hold secrets: never log it whole.
 * @example
 * const refererOf = ({ headers }: EventRequest) => headers.get("referer")?.slice(0, 200)
 */
export interface EventRequest {
  /** The HTTP method: GET on a first visit, POST for a form, also in server actions of Next. */
  method: string
  /** A copy of all headers as the client sent them, cookies included: changing it changes nothing. */
  headers: Headers
  /**
   * The client's address, by which `lazy.limits` counts: from `lazy.trustProxy` if set, or else from
   * the framework. An IPv6 address is whole here. Null where it is unknown or can't be read.
   */
  address: string | null
}

/**
 * The events of this library, called after the commit. As in Auth.js, an error in one is logged and
 * changes nothing.
 */
export interface LazyEvents {
  /**
   * A visitor became a lazy user.
   * @default no event
   * @example
   * createLazyUser: ({ user, request }) =>
   *   console.log(user.id, request.address, request.headers.get("referer")?.slice(0, 200))
   */
  createLazyUser?: (message: { user: UserRow; request: EventRequest }) => unknown
  /**
   * A lazy user became real; `from` is the row before the conversion.
   * @default no event
   * @example convertUser: ({ user, by }) => console.log(user.id, by.provider)
   */
  convertUser?: (message: { user: UserRow; from: UserRow; by: ConvertedBy; request: EventRequest }) => unknown
  /**
   * A lazy user was merged into a real one: its rows were moved and it was deleted.
   * @default no event
   * @example mergeUser: ({ from, into }) => console.log(from.id, into.id)
   */
  mergeUser?: (message: MergeReport & { request: EventRequest }) => unknown
  /**
   * A merge failed and `lazy.onMergeError` signed the real user in without it. The lazy user keeps
   * its rows.
   * @default no event
   * @example mergeFailed: ({ from, into }) => console.log(from.id, into.id)
   */
  mergeFailed?: (message: { from: UserRow; into: UserRow; error: unknown; request: EventRequest }) => unknown
}

/**
 * The configuration of Auth.js, with the adapter, the options and the events of this library.
 * @example
 * const config: LazyConfig = { adapter: LazyAdapter(db), providers: [LazyProvider()] }
 */
export interface LazyConfig extends Omit<AuthConfig, "adapter" | "events" | "raw" | "skipCSRFCheck"> {
  adapter: LazyAdapter
  lazy?: LazyOptions
  events?: AuthConfig["events"] & LazyEvents
}
