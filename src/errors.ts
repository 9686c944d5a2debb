/** Every code a {@link LazyError} can carry. */
export type LazyErrorCode = LazyErrors["code"]

/** Base of every error this library throws on its own account; `code` is a literal, so it can be switched on. */
export abstract class LazyError extends Error {
  /** Says which error it is, stable across releases. */
  abstract readonly code: string

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** The configuration or the table definitions cannot work. Thrown at construction; the message names the fix. */
export class LazySetupError extends LazyError {
  readonly code = "setup"
}

/** The user is not there, or is not lazy (any more), so there is nothing to convert. Nothing was changed. */
export class NotLazyError extends LazyError {
  readonly code = "not_lazy"
}

/** The user to merge into is not there, is lazy itself, or is the same user. Nothing was changed. */
export class NotRealError extends LazyError {
  readonly code = "not_real"
}

/**
 * Rows of the lazy user can neither move to the real user nor be left behind, or the merge would
 * delete or change rows it did not report. Nothing was changed.
 */
export class MergeConflictError extends LazyError {
  readonly code = "merge_conflict"

  constructor(
    message: string,
    /** The table: `table` in the schema public, `schema.table` elsewhere. */
    readonly table: string,
    /** The constraint that was in the way; undefined where it is not a single one. */
    readonly constraint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** The database schema makes it impossible to move the rows of any user. Thrown before anything is changed. */
export class MergeUnsupportedError extends LazyError {
  readonly code = "merge_unsupported"

  constructor(
    message: string,
    /** The table: `table` in the schema public, `schema.table` elsewhere. */
    readonly table: string,
    /** The constraint in question; undefined when the table as a whole is. */
    readonly constraint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** The username, or the e-mail address, belongs to another user. Nothing was changed. */
export class IdentifierTakenError extends LazyError {
  readonly code = "identifier_taken"

  constructor(
    /** Which of the two is taken. */
    readonly identifier: "username" | "email",
    options?: ErrorOptions,
  ) {
    super(`This ${identifier} belongs to another user.`, options)
  }
}

/**
 * The username or the e-mail address does not fit its column or breaks a rule of it. Nothing was
 * changed.
 */
export class IdentifierInvalidError extends LazyError {
  readonly code = "identifier_invalid"

  constructor(
    /** The refused field. */
    readonly identifier: "username" | "email",
    options?: ErrorOptions,
  ) {
    super(`The database refuses this ${identifier}: its column is too short, or a rule forbids it.`, options)
  }
}

/** No free username was found although several were generated. Nothing was created. */
export class NameExhaustedError extends LazyError {
  readonly code = "name_exhausted"
}

/** With the lazy user, other users would have been deleted, by ON DELETE CASCADE or a trigger. Nothing was changed. */
export class OtherUsersError extends LazyError {
  readonly code = "other_users"

  constructor(
    /** The user table: `table` in the schema public, `schema.table` elsewhere. */
    readonly table: string,
  ) {
    super(`Other users, in ${table}, would be deleted.`)
  }
}

/** Every concrete {@link LazyError}, to narrow by `code`. */
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
