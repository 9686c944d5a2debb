export { LazyAdapter } from "./store/lazy-adapter.js"
export type * from "./store/lazy-store.js"
export { type MigrateOptions, type MigrateReport, migrate } from "./store/migrate.js"
export {
  accountsTable,
  authenticatorsTable,
  type LazyOutcome,
  lazyColumns,
  lazyIndex,
  lazyOutcomesTable,
  passwordsTable,
  schema,
  sessionsTable,
  usersTable,
  verificationTokensTable,
} from "./store/schema.js"
export type { LazyAdapterOptions, TableLike } from "./store/tables.js"
export type { UserRow } from "./store/user-row.js"
