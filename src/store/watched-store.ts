import type { CreateReport } from "./create/types.js"
import type { StoreInternals } from "./lazy-store.js"
import type { MergeReport } from "./merge/types.js"
import type { PurgeReport } from "./purge/types.js"
import type { UserRow } from "./tables/user-row.js"
import { type LazyOperation, type OperationEnd, type OperationOutcome, telemetryOf } from "./telemetry.js"
import { wayOf } from "./users/outcomes.js"

/**
 * Wraps the methods that make, convert, merge, purge or delete lazy users in the app's telemetry,
 * if it has any.
 * @param of returns the store itself, for which telemetry is remembered
 */
export function watchStore(methods: StoreInternals, of: () => object): StoreInternals {
  const watch = <Result>(
    operation: LazyOperation,
    work: () => Promise<Result>,
    endOf: (result: Result) => OperationEnd,
  ): Promise<Result> => telemetryOf(of())?.run(operation, work, endOf) ?? work()
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
    async proveEmail(userId) {
      const began = Date.now()
      const proven = await methods.proveEmail(userId)
      if (becameReal(proven?.user, began)) count("convert", { outcome: "converted", way: "email" })
      return proven
    },
    async linkByAddress(userId, account, session) {
      const began = Date.now()
      const user = await methods.linkByAddress(userId, account, session)
      if (becameReal(user, began)) count("convert", { outcome: "converted", way: "email" })
      return user
    },
    async leaveBehind(userId, until) {
      const left = await methods.leaveBehind(userId, until)
      if (left) count("merge", { outcome: "left" })
      return left
    },
  }
}

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
