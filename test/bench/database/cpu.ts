import { readdir, readFile } from "node:fs/promises"

/** Linux counts the time of processes in hundredths of a second, on every architecture. */
const TICK = 10_000

/**
 * Reads the microseconds of CPU that the processes of a PostgreSQL server have used, including
 * ended ones; undefined on a system without `/proc`.
 */
export async function postgresCpu(postmaster: number): Promise<number | undefined> {
  const pids = await readdir("/proc").catch(() => [])
  const times = await Promise.all(pids.filter((pid) => /^\d+$/.test(pid)).map(readTimes))
  const own = times.find((process) => process?.pid === postmaster)
  if (!own) return undefined
  const children = times.filter((process) => process?.parent === postmaster)
  const ticks = children.reduce((sum, process) => sum + (process?.used ?? 0), own.used + own.ofEnded)
  return ticks * TICK
}

/** See https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
async function readTimes(pid: string) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined)
  // The second field, the name in parentheses, may contain anything. The state follows it.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")
  if (!fields) return undefined
  const [parent, user, system, userOfEnded, systemOfEnded] = [1, 11, 12, 13, 14].map((index) => Number(fields[index]))
  return {
    pid: Number(pid),
    parent,
    used: (user ?? 0) + (system ?? 0),
    ofEnded: (userOfEnded ?? 0) + (systemOfEnded ?? 0),
  }
}
