export type * from "./store/adopt/types.js"
export type { GenerateEmail } from "./store/create/generated-email.js"
export type { CreateReport, NewLazyUser } from "./store/create/types.js"
export type { DuplicateAddresses } from "./store/identifiers/duplicate-addresses.js"
export { LazyAdapter } from "./store/lazy-adapter.js"
export type { LazyStore } from "./store/lazy-store.js"
export type {
  MergeConflict,
  MergeHook,
  MergeHookParams,
  MergeOptions,
  MergeReport,
  MergeTables,
} from "./store/merge/types.js"
export { type MigrateOptions, type MigrateReport, migrate } from "./store/migrate.js"
export type * from "./store/purge/types.js"
export type { ByTable } from "./store/sql/by-table.js"
export type { Database } from "./store/sql/database.js"
export type * from "./store/stats/types.js"
export type { LazyAdapterOptions, TableLike } from "./store/tables/resolve-tables.js"
export {
  accountsTable,
  authenticatorsTable,
  type LazyColumns,
  type LazyOutcome,
  lazyColumns,
  lazyIndex,
  lazyOutcomesTable,
  passwordsTable,
  schema,
  sessionsTable,
  usersTable,
  verificationTokensTable,
} from "./store/tables/schema.js"
export type { UserRow } from "./store/tables/user-row.js"
export type { ConvertedBy, ConvertHook, ConvertHookParams } from "./store/users/conversion.js"
export type { NewSession } from "./store/users/sessions.js"
