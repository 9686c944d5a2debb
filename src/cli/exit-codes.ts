/** The command did its work. */
export const DONE = 0
/** The command failed. */
export const FAILED = 1
/** The command line is wrong. */
export const USAGE = 2
/** The command did its work and left something: skipped users, findings, or the rest of an interrupted purge. */
export const LEFT = 3

/** Explains the exit codes in the help. */
export const EXIT_CODES = `  ${DONE}  done
  ${FAILED}  failed
  ${USAGE}  the command line is wrong
  ${LEFT}  done, with something left: users skipped, failed or not reached, or findings of the doctor`

/** Reports a wrong command line; the command ends with {@link USAGE} and its help. */
export class UsageError extends Error {}
