/** Groups what a command reads and writes outside of the database. */
export interface Surroundings {
  env: NodeJS.ProcessEnv
  /** The folder to which paths on the command line are relative. */
  cwd: string
  /** The stream of the report, which decides on width and colours; {@link print} writes to it. */
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  /** Writes lines of the report to stdout. */
  print(text: string): void
  /** Redirects to stderr whatever other code than {@link print} writes to stdout. */
  divertStdout(): void
  /** Functions to call after the report is written, before the process ends. */
  closers: (() => Promise<unknown>)[]
}

/** Writes one line to stderr. */
export function tell({ stderr }: Pick<Surroundings, "stderr">, text: string): void {
  stderr.write(`${text}\n`)
}

/** Returns the surroundings of this process. */
export function processSurroundings(): Surroundings & { flushed: () => Promise<unknown> } {
  const { stdout, stderr, env } = process
  const write = stdout.write.bind(stdout)
  return {
    env,
    cwd: process.cwd(),
    stdout,
    stderr,
    print: (text) => void write(`${text}\n`),
    divertStdout() {
      stdout.write = stderr.write.bind(stderr)
    },
    closers: [],
    /** Resolves when everything written so far has left the process. */
    flushed: () =>
      Promise.all(
        [write, stderr.write.bind(stderr)].map((write) => new Promise<void>((resolve) => write("", () => resolve()))),
      ),
  }
}
