/** Lists every `code` of a {@link LazyError}. */
export type LazyErrorCode = LazyErrors["code"]

/**
 * Base class of the errors that this library throws. Narrow one by its `code`.
 * @example
 * ```ts
 * await adapter.lazy.deleteLazyUser(id).catch((error: unknown) => {
 *   if (!(error instanceof LazyError) || error.code !== "other_users") throw error
 *   console.error(error.message)
 * })
 * ```
 */
export abstract class LazyError extends Error {
  /** Identifies the kind of error. It stays the same across releases. */
  abstract readonly code: string

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/**
 * Reports a configuration or table definitions that cannot work. The message names the fix.
 * @example
 * ```ts
 * try {
 *   LazyAdapter(db, { usersTable: users })
 * } catch (error) {
 *   if (!(error instanceof LazySetupError)) throw error
 *   for (const problem of error.problems) console.error(problem)
 * }
 * ```
 */
export class LazySetupError extends LazyError {
  readonly code = "setup"
  /** Each thing that is wrong, with its fix. The message lists all of them. */
  readonly problems: readonly string[]

  constructor(message: string, options: ErrorOptions & { problems?: readonly string[] } = {}) {
    const { problems = [message], ...rest } = options
    super(message, rest)
    this.problems = problems
  }
}

/**
 * Reports that the user to convert or merge does not exist or is not lazy. Nothing was changed.
 * @example
 * ```ts
 * await adapter.lazy.deleteLazyUser(id).catch((error: unknown) => {
 *   if (!(error instanceof NotLazyError)) throw error
 *   console.log("This user has converted, and keeps the account.")
 * })
 * ```
 */
export class NotLazyError extends LazyError {
  readonly code = "not_lazy"
}

/**
 * Reports that the user to merge into does not exist, is lazy, or is the lazy user itself. Nothing
 * was changed.
 * @example
 * ```ts
 * await adapter.lazy.merge(lazyUser.id, realUser.id).catch((error: unknown) => {
 *   if (!(error instanceof NotRealError)) throw error
 *   console.log("The account to merge into is gone.")
 * })
 * ```
 */
export class NotRealError extends LazyError {
  readonly code = "not_real"
}

/**
 * Reports rows of the lazy user that can neither move to the real user nor stay, or rows that the
 * merge would change or delete unreported. Nothing was changed.
 * @example
 * ```ts
 * await adapter.lazy.merge(lazyUser.id, realUser.id).catch((error: unknown) => {
 *   if (!(error instanceof MergeConflictError)) throw error
 *   console.error(`Rows of ${error.table} are in the way of ${error.constraint ?? "a merge"}.`)
 * })
 * ```
 */
export class MergeConflictError extends LazyError {
  readonly code = "merge_conflict"

  constructor(
    message: string,
    /** The table: `table` in the schema public, `schema.table` elsewhere. */
    readonly table: string,
    /** The constraint that stopped the merge; undefined when it was not a single one. */
    readonly constraint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/**
 * Reports a database schema in which no user's rows can move. Nothing was changed.
 * @example
 * ```ts
 * await adapter.lazy.merge(lazyUser.id, realUser.id).catch((error: unknown) => {
 *   if (!(error instanceof MergeUnsupportedError)) throw error
 *   console.error(`Change ${error.table}, or name it in mergeTables: ${error.message}`)
 * })
 * ```
 */
export class MergeUnsupportedError extends LazyError {
  readonly code = "merge_unsupported"

  constructor(
    message: string,
    /** The table: `table` in the schema public, `schema.table` elsewhere. */
    readonly table: string,
    /** The constraint at fault; undefined when the whole table is. */
    readonly constraint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/**
 * Reports a username or an e-mail address that belongs to another user. Nothing was changed.
 * @example
 * ```ts
 * const isTaken = (error: unknown) =>
 *   error instanceof IdentifierTakenError && error.identifier === "username"
 * ```
 */
export class IdentifierTakenError extends LazyError {
  readonly code = "identifier_taken"

  constructor(
    /** The field that is taken. */
    readonly identifier: "username" | "email",
    options?: ErrorOptions,
  ) {
    super(`This ${identifier} belongs to another user.`, options)
  }
}

/**
 * Reports a username or an e-mail address that is too long for its column or breaks one of its
 * rules. Nothing was changed.
 * @example
 * ```ts
 * const isTooLong = (error: unknown) =>
 *   error instanceof IdentifierInvalidError && error.identifier === "username"
 * ```
 */
export class IdentifierInvalidError extends LazyError {
  readonly code = "identifier_invalid"

  constructor(
    /** The refused field. */
    readonly identifier: "username" | "email",
    options?: ErrorOptions,
  ) {
    super(
      `PostgreSQL refused this ${identifier}: it is too long for the column, or breaks a constraint on it.`,
      options,
    )
  }
}

/**
 * Reports that every generated username was taken. Nothing was created.
 * @example
 * ```ts
 * await adapter.lazy.createLazyUser().catch((error: unknown) => {
 *   if (!(error instanceof NameExhaustedError)) throw error
 *   console.error("generateName must return more names.")
 * })
 * ```
 */
export class NameExhaustedError extends LazyError {
  readonly code = "name_exhausted"
}

/**
 * Reports that `on delete cascade` or a trigger would delete other users along with the lazy user.
 * Nothing was changed.
 * @example
 * ```ts
 * await adapter.lazy.deleteLazyUser(id).catch((error: unknown) => {
 *   if (!(error instanceof OtherUsersError)) throw error
 *   console.error(`A key of ${error.table} deletes other users along: ${error.message}`)
 * })
 * ```
 */
export class OtherUsersError extends LazyError {
  readonly code = "other_users"

  constructor(
    /** The user table: `table` in the schema public, `schema.table` elsewhere. */
    readonly table: string,
  ) {
    super(
      `Deleting this lazy user would delete other users in ${table}. Change the foreign key that cascades to them, or the trigger that deletes them.`,
    )
  }
}

/** Unites the classes of {@link LazyError}, so that a switch on `code` narrows to one. */
export type LazyErrors =
  | LazySetupError
  | NotLazyError
  | NotRealError
  | MergeConflictError
  | MergeUnsupportedError
  | IdentifierTakenError
  | IdentifierInvalidError
  | NameExhaustedError
  | OtherUsersError
