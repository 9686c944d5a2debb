import type { AdapterAccount } from "@auth/core/adapters"
import type { CreateReport } from "./create/types.js"
import type { StoreInternals } from "./lazy-store.js"
import type { MergeReport } from "./merge/types.js"
import type { PurgeReport } from "./purge/types.js"
import type { UserRow } from "./tables/user-row.js"
import { type LazyOperation, type OperationEnd, type OperationOutcome, telemetryOf } from "./telemetry.js"
import { wayOf } from "./users/outcomes.js"
import type { Converting } from "./users/prove-email.js"
import type { NewSession } from "./users/sessions.js"

/** The methods of a store, as they are before telemetry watches them. */
export interface UnwatchedStore extends StoreInternals {
  proveEmail(userId: string, converting?: Converting): ReturnType<StoreInternals["proveEmail"]>
  linkByAddress(
    userId: string,
    account: AdapterAccount,
    session?: NewSession,
    converting?: Converting,
  ): ReturnType<StoreInternals["linkByAddress"]>
}

/**
 * Wraps the methods that make, convert, merge, purge or delete lazy users in the app's telemetry,
 * if it has any.
 * @param of returns the store itself, for which telemetry is remembered
 */
export function watchStore(methods: UnwatchedStore, of: () => object): StoreInternals {
  const watch = <Result>(
    operation: LazyOperation,
    work: () => Promise<Result>,
    endOf: (result: Result) => OperationEnd,
  ): Promise<Result> => telemetryOf(of())?.run(operation, work, endOf) ?? work()
  /**
   * Watches work that converts the user if it turns out to be lazy: from there until the work is
   * done, and the transaction committed.
   */
  const watchConversion = async <Result>(
    work: (converting?: Converting) => Promise<Result>,
    userOf: (result: Result) => UserRow | undefined | null,
  ): Promise<Result> => {
    const telemetry = telemetryOf(of())
    if (!telemetry) return work()
    const began = Date.now()
    const endOf = (result: Result): OperationEnd => {
      const user = userOf(result)
      const end = becameReal(user, began) ? CONVERTED_BY_EMAIL : UNCHANGED
      return { outcomes: [end], ...(user && { userId: user.id }) }
    }
    let watched: Promise<Result> | undefined
    const whole = work((prove) => {
      // PostgreSQL may undo the transaction, which then runs again.
      if (watched) return prove()
      return new Promise((resolve, reject) => {
        const rest = () => {
          prove().then(resolve, reject)
          return whole
        }
        watched = telemetry.run("convert", rest, endOf)
        watched.catch(reject)
      })
    })
    return whole.then(
      (result) => watched ?? result,
      (error) => (watched ?? Promise.reject(error)) as Promise<Result>,
    )
  }
  const count = (operation: LazyOperation, outcome: OperationOutcome) => telemetryOf(of())?.count(operation, outcome)
  return {
    ...methods,
    ensureUser: (user) => watch("create", () => methods.ensureUser(user), createEnd),
    createLazyUser: (user) => watch("create", () => methods.createLazyUser(user), createEnd),
    convert: (conversion) =>
      watch(
        "convert",
        () => methods.convert(conversion),
        ({ user }) => ({ outcomes: [{ outcome: "converted", way: wayOf(conversion.by) }], userId: user.id }),
      ),
    merge: (fromId, intoId, options) => watch("merge", () => methods.merge(fromId, intoId, options), mergeEnd),
    purge: (options) => watch("purge", () => methods.purge(options), purgeEnd),
    deleteLazyUser: (userId, options) =>
      watch(
        "delete",
        () => methods.deleteLazyUser(userId, options),
        (deleted) => {
          const outcome = !deleted ? "unchanged" : options?.counts === false ? "taken-back" : "deleted"
          return { outcomes: [{ outcome }], userId }
        },
      ),
    proveEmail: (userId) =>
      watchConversion(
        (converting) => methods.proveEmail(userId, converting),
        (proven) => proven?.user,
      ),
    linkByAddress: (userId, account, session) =>
      watchConversion(
        (converting) => methods.linkByAddress(userId, account, session, converting),
        (user) => user,
      ),
    async leaveBehind(userId, until) {
      const left = await methods.leaveBehind(userId, until)
      if (left) count("merge", { outcome: "left" })
      return left
    },
  }
}

const CONVERTED_BY_EMAIL: OperationOutcome = { outcome: "converted", way: "email" }
const UNCHANGED: OperationOutcome = { outcome: "unchanged" }

function createEnd({ user, created }: CreateReport): OperationEnd {
  return { outcomes: [{ outcome: created ? "created" : "reused" }], userId: user.id }
}

function mergeEnd({ from, into, moved }: MergeReport): OperationEnd {
  const movedRows = Object.values(moved).reduce((sum, rows) => sum + rows, 0)
  return { outcomes: [{ outcome: "merged" }], userId: into.id, fromId: from.id, movedRows }
}

function purgeEnd({ purged, skipped, failures, dryRun }: PurgeReport): OperationEnd {
  const outcomes: OperationOutcome[] = [
    { outcome: "purged", users: purged },
    ...Object.entries(skipped).map(([table, users]) => ({ outcome: "skipped" as const, users, table })),
    { outcome: "failed", users: failures },
  ]
  return { outcomes: outcomes.filter(({ users }) => users !== 0), ...(dryRun && { dryRun }) }
}

/**
 * Tells whether proving its own address converted this lazy user.
 * @param began when the operation began
 */
function becameReal(user: UserRow | undefined | null, began: number): boolean {
  if (!user?.lazySince || !user.convertedAt) return false
  const converted = user.convertedAt.valueOf()
  // A column without fractions of a second makes the moment earlier.
  return converted >= (converted % 1000 === 0 ? Math.floor(began / 1000) * 1000 : began)
}
