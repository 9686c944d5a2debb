import type { Adapter, AdapterUser } from "@auth/core/adapters"
import { DrizzleAdapter } from "@auth/drizzle-adapter"
import { getTableColumns } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import { LazySetupError, MergeUnsupportedError } from "../errors.js"
import { newId } from "../new-id.js"
import { SetupProblems } from "../setup-problems.js"
import { adoptGuests } from "./adopt/adopt.js"
import { placeOf, requireTransactions } from "./check-driver.js"
import { ensureLazyUser } from "./create/create.js"
import { knownGenerators } from "./create/known-generators.js"
import { rememberPlace } from "./database-place.js"
import { activeReads, isOfInactiveUser } from "./identifiers/active-users.js"
import { explainRefused } from "./identifiers/refused-writes.js"
import type { LazyStore, StoreInternals } from "./lazy-store.js"
import { outliveConnections } from "./lost-connections.js"
import { mergeUsers } from "./merge/merge.js"
import { preparedReads } from "./prepared-reads.js"
import { purgeLazyUsers } from "./purge/purge.js"
import type { Database } from "./sql/database.js"
import type { EngineOperation } from "./sql/engine/engine-lacks.js"
import { refuseOnEngine, runOnEngine } from "./sql/engine/refuse-on-engine.js"
import { qualifiedName } from "./sql/identifiers.js"
import { redactErrors } from "./sql/redact.js"
import { retryWrites } from "./sql/transactions.js"
import { readStats } from "./stats/stats.js"
import { madeFrom, writtenUsers } from "./tables/legacy-hash.js"
import { asDefined, recordsProofs, requireRoomForProof, writtenUser } from "./tables/proof-column.js"
import {
  type LazyAdapterOptions,
  resolveTables,
  type Tables,
  type UsersTable,
  type WholeUsersTable,
} from "./tables/resolve-tables.js"
import { completeRow, type UserRow } from "./tables/user-row.js"
import { rowToInsert } from "./tables/written-row.js"
import { closeLazyUser } from "./users/close-lazy-user.js"
import { convertUser, insertRealUser } from "./users/convert.js"
import { deleteLazyUser } from "./users/delete-lazy-user.js"
import { findByPassword, hasPassword, setPassword } from "./users/passwords.js"
import { endsAtProof, linkByAddress, proveEmail } from "./users/prove-email.js"
import { knownSessionMaxAge } from "./users/session-life.js"
import { endSessionsOf } from "./users/sessions.js"
import { signInStore } from "./users/sign-in-store.js"
import { leaveBehind, touchLazyUser } from "./users/touch.js"
import { type UnwatchedStore, watchStore } from "./watched-store.js"

/** An Auth.js adapter that also makes, converts and removes lazy users. */
export type LazyAdapter = Required<DrizzleMethods> & {
  /** The methods for lazy users. Auth.js never calls them. */
  lazy: LazyStore
}

/** The adapter with the internals of its `.lazy`. */
export type InternalAdapter = LazyAdapter & { lazy: StoreInternals }

type DrizzleMethods = Omit<Adapter, "getAccount"> & { getAccount: NonNullable<Adapter["getAccount"]> }

/**
 * Makes the Drizzle adapter of Auth.js, with `.lazy` on it:
 * https://authjs.dev/getting-started/adapters/drizzle. Its errors hold no statement and no
 * parameter, so that no log gets a session token from them.
 * @param given a Drizzle database on PostgreSQL: postgres.js, node-postgres or PGlite. Of one with
 * replicas (`withReplicas`), every statement goes to the primary
 * @param options the app's own tables, under the option names of `@auth/drizzle-adapter`, and more
 * @throws LazySetupError naming every column that is missing or unfit, and a driver without
 * transactions, with the fixes
 * @example
 * const authConfig = withLazy({ adapter: LazyAdapter(db), providers: [LazyProvider()] })
 */
export function LazyAdapter<Users extends UsersTable = WholeUsersTable>(
  given: Database,
  options: LazyAdapterOptions<Users> = {},
): LazyAdapter {
  const db = primaryOf(given)
  const problems = new SetupProblems()
  problems.try(() => requireTransactions(db))
  const resolved = problems.try(() => resolveTables(options))
  problems.refuse()
  const tables = resolved as Tables
  outliveConnections(db)
  const references = options.references ?? []
  const base = madeFrom(tables, () => drizzleMethods(db, tables))
  const lazy = drizzleStore(db, tables, references, options as LazyAdapterOptions)
  rememberPlace(lazy, placeOf(db))
  return redactErrors<LazyAdapter>({
    ...base(),
    ...preparedReads(db, tables),
    ...activeReads(db, tables),
    // Auth.js leaves out some columns, such as `emailVerified` when a user signs up by passkey.
    async createUser(data) {
      requireRoomForProof(tables.usersTable, data)
      const row = rowToInsert(tables.usersTable, data)
      return completeRow(await explainRefused(db, tables, data, () => base().createUser(row)))
    },
    // Auth.js sets `emailVerified` when a visitor opens the link sent to the address.
    async updateUser(data) {
      requireRoomForProof(tables.usersTable, data)
      if (data.emailVerified && !(await lazy.proveEmail(data.id)))
        throw new Error("The user to update does not exist, or its address is a placeholder.")
      return completeRow(await base().updateUser(writtenUser(tables.usersTable, data)))
    },
    lazy,
  })
}

/**
 * Returns the primary of a database with replicas. A replica doesn't know what was just written,
 * such as the session of the redirect before, and none of the reads here can do without that.
 */
function primaryOf(db: Database): Database {
  const { $primary } = db as { $primary?: Database }
  return $primary ?? db
}

/** Makes the methods of `@auth/drizzle-adapter`, which reads no hash of a password. */
function drizzleMethods(db: Database, tables: Tables): Required<DrizzleMethods> {
  const {
    passwordsTable: _,
    lazyOutcomesTable: __,
    credentials: ___,
    activeUsers: ____,
    legacyHash,
    ...adapterTables
  } = tables
  const methods = DrizzleAdapter(db, adapterTables) as Required<DrizzleMethods>
  if (!legacyHash) return retryWrites(methods)
  const users = writtenUsers(tables)
  return retryWrites({
    ...methods,
    async createUser({ id, ...row }: AdapterUser) {
      const values = users.id.hasDefault ? row : { id, ...row }
      const [user] = await db
        .insert(users)
        .values(values as UserRow)
        .returning(getTableColumns(tables.usersTable))
      return user as AdapterUser
    },
  })
}

function drizzleStore(
  db: Database,
  tables: Tables,
  references: AnyPgColumn[],
  options: LazyAdapterOptions,
): StoreInternals {
  const { isActive } = options
  const users = qualifiedName(tables.usersTable)
  /** Runs an operation; the refusal names the engine. */
  const onEngine = <Result>(operation: EngineOperation, what: string, run: () => Promise<Result>) =>
    runOnEngine(db, operation, users, run, (engine, options) => new LazySetupError(`${what} ${engine}`, options))
  /** Runs statements that every engine is meant to run. */
  const anywhere = <Result>(what: string, run: () => Promise<Result>) =>
    refuseOnEngine(db, run, (engine, options) => new LazySetupError(`${what} ${engine}`, options))
  const creation = madeFrom(tables, () => ensureLazyUser(db, tables))
  const ensureUser: StoreInternals["ensureUser"] = (user) => creation()(user)
  const methods: UnwatchedStore = {
    hasPasswords: tables.passwordsTable !== undefined,
    recordsProofs: recordsProofs(tables.usersTable),
    needsEmail: tables.usersTable.email.notNull,
    isActive: isActive && ((user) => isActive(asDefined(tables.usersTable, user))),
    hasInactiveUsers: tables.activeUsers !== undefined,
    setup() {
      const { legacyHash } = tables
      const given = { ...options, ...(legacyHash && { legacyHash: legacyHash.column }) }
      return { db, tables: given, sessionMaxAge: knownSessionMaxAge(store), generators: knownGenerators(store) }
    },
    ensureUser,
    closeLazyUser: (userId) => anywhere("A lazy user can't be signed out", () => closeLazyUser(db, tables, userId)),
    endSessionsOf: (tokens) => endSessionsOf(db, tables, tokens),
    createLazyUser: ({ id = newId(), ...user } = {}) => ensureUser({ ...user, ids: [id] }),
    convert: (conversion) => anywhere("A lazy user can't be converted", () => convertUser(db, tables, conversion)),
    merge: (fromId, intoId, options) =>
      runOnEngine(
        db,
        "merge",
        users,
        () => mergeUsers(db, tables, references, fromId, intoId, options),
        (engine, options) =>
          new MergeUnsupportedError(`Users can't be merged ${engine}`, users.replaceAll('"', ""), undefined, options),
      ),
    createRealUser: ({ id = newId(), passwordHash, session, ...row }) =>
      insertRealUser(db, tables, { ...row, id }, passwordHash, session),
    checkPassword: (identifier, verify, accepts) => findByPassword(db, tables, identifier, verify, accepts),
    signIn: signInStore(db, tables),
    proveEmail: (userId, converting) =>
      anywhere("An address can't be proven", () => proveEmail(db, tables, userId, converting)),
    linkByAddress: (userId, account, session, converting) =>
      linkByAddress(db, tables, userId, account, session, converting),
    endsAtProof: (userId) => endsAtProof(db, tables, userId),
    leaveBehind: (userId, until) => leaveBehind(db, tables, userId, until),
    hasPassword: (userId) => hasPassword(db, tables, userId),
    setPassword: (userId, hash) => anywhere("A password can't be set", () => setPassword(db, tables, userId, hash)),
    isOfInactiveUser: (proven) => isOfInactiveUser(db, tables, proven),
    touch: (used, updateAge) => touchLazyUser(db, tables, used, updateAge),
    purge: (options = {}) => {
      const { sessionMaxAge = knownSessionMaxAge(store) } = options
      return onEngine("purge", "Lazy users can't be purged", () =>
        purgeLazyUsers(db, tables, { ...options, sessionMaxAge }),
      )
    },
    adopt: (options) => {
      const { sessionMaxAge = knownSessionMaxAge(store) } = options
      return onEngine("adopt", "Users can't be adopted", () =>
        adoptGuests(db, tables, { ...knownGenerators(store), ...options, sessionMaxAge }),
      )
    },
    stats: (options) => anywhere("Lazy users can't be counted", () => readStats(db, tables, options)),
    deleteLazyUser: (userId, options) =>
      onEngine("delete", "A lazy user can't be deleted", () => deleteLazyUser(db, tables, userId, options)),
  }
  const store: StoreInternals = redactErrors<StoreInternals>(
    // The app's telemetry must see no statement and no parameter, either.
    watchStore(redactErrors<UnwatchedStore>(methods), () => store),
  )
  return store
}
