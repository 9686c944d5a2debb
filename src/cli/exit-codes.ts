/** The command finished. */
export const DONE = 0
/** The command failed. */
export const FAILED = 1
/** The command line is wrong. */
export const USAGE = 2
/** The command finished, but left skipped users, findings, missing files or part of a purge. */
export const LEFT = 3

/** The exit codes, as the help explains them. */
export const EXIT_CODES = `  ${DONE}  done
  ${FAILED}  failed
  ${USAGE}  the command line is wrong
  ${LEFT}  done, with something left: users skipped, failed or not reached, findings of the doctor, or
     files and lines that an app lacks`

/** Reports a wrong command line. The command prints its help and exits with {@link USAGE}. */
export class UsageError extends Error {}
