/** Does something while whatever is printed to stdout goes to stderr: what a module of the app has to say is no part of a report. */
export async function keepingStdout<Result>(work: () => Promise<Result>): Promise<Result> {
  const { stdout, stderr } = process
  const write = stdout.write
  stdout.write = stderr.write.bind(stderr)
  try {
    return await work()
  } finally {
    stdout.write = write
  }
}

/** Resolves when what was written so far has left the process. */
export function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()))
}
