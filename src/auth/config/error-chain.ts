/** Lists an error and its causes, both as `cause` and as `cause.err` of Auth.js. */
export function errorChain(error: unknown): Error[] {
  const errors: Error[] = []
  for (let each = error; each instanceof Error && errors.length < 10; ) {
    errors.push(each)
    const { cause } = each as { cause?: { err?: unknown } }
    each = cause instanceof Error ? cause : cause?.err
  }
  return errors
}
