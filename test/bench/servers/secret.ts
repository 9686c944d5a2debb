/** The secret of every server; known to the load, which makes CSRF tokens with it. */
export const secret = "a-secret-for-the-benchmark-and-nothing-else"
