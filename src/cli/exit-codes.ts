/** It is done. */
export const DONE = 0
/** It failed. */
export const FAILED = 1
/** The command line itself is wrong. */
export const USAGE = 2
/** It is done, but something is left to look at: users who were skipped, findings, or the rest of what was interrupted. */
export const LEFT = 3

/** What the help says of them. */
export const EXIT_CODES = `  ${DONE}  done
  ${FAILED}  failed
  ${USAGE}  the command line is wrong
  ${LEFT}  done, with something left: users skipped, failed or not reached, or findings of the doctor`
