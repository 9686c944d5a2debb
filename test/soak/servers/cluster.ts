import type { ChildProcess } from "node:child_process"
import { appendFileSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import postgres from "postgres"
import { freePort } from "../../setup/free-port.js"
import { POSTGRESQL } from "../../setup/left-out.js"
import { type Account, end, runProgram, startProgram, unprivileged, until } from "./run-program.js"
import { makeSpace, removeSpace } from "./small-disk.js"

/** One PostgreSQL server. */
export interface DatabaseNode {
  name: string
  port: number
  data: string
  /** The folder of the tablespace, on a small disk of its own where this process may mount one. */
  space: string
  process: ChildProcess
}

/** Finds the newest PostgreSQL that Debian's packages installed. */
function postgresPrograms(): string {
  const versions = existsSync(POSTGRESQL)
    ? readdirSync(POSTGRESQL).sort((one, other) => Number(other) - Number(one))
    : []
  const found = versions
    .map((version) => join(POSTGRESQL, version, "bin"))
    .find((bin) => existsSync(join(bin, "postgres")))
  if (!found) throw new Error(`There is no PostgreSQL under ${POSTGRESQL}. Run: apt-get install postgresql`)
  return found
}

/** A primary with a standby that confirms each commit, on loopback. */
export class Cluster {
  #made = 0
  #account: Account | undefined = unprivileged()
  #bin = postgresPrograms()
  standby: DatabaseNode | undefined
  primary!: DatabaseNode

  constructor(
    private readonly folder: string,
    /** Seconds by which the standby lags behind. */
    private readonly lag = 0,
  ) {}

  /** Starts the primary, and a standby of it. */
  async start(): Promise<void> {
    const node = await this.#newNode()
    mkdirSync(node.data)
    this.#own(node.data)
    const local = ["-U", "soak", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    await runProgram(join(this.#bin, "initdb"), ["-D", node.data, ...local], this.#account)
    this.primary = this.#launch(node)
    await until("the primary answers", () => this.#answers(node.port))
    await this.query(`create tablespace soak location '${node.space}'`)
    await this.addStandby()
  }

  /** The address of the primary, without the pooler. */
  get url(): string {
    return urlOf(this.primary.port)
  }

  get standbyUrl(): string {
    if (!this.standby) throw new Error("There is no standby.")
    return urlOf(this.standby.port)
  }

  /** Runs one statement on the primary. */
  query<Row extends Record<string, unknown>>(statement: string): Promise<Row[]> {
    return query<Row>(this.primary.port, statement)
  }

  /** Builds a new standby from the primary, and has the primary wait for it at each commit. */
  async addStandby(): Promise<void> {
    const { primary } = this
    const node = await this.#newNode()
    const from = ["-h", "127.0.0.1", "-p", String(primary.port), "-U", "soak", "-D", node.data]
    const how = ["-R", "-X", "stream", "-c", "fast", "--no-sync", "-T", `${primary.space}=${node.space}`]
    await runProgram(join(this.#bin, "pg_basebackup"), [...from, ...how], this.#account)
    // The last line counts. Promoted, it has no standby to wait for.
    appendFileSync(join(node.data, "postgresql.auto.conf"), "synchronous_standby_names = ''\n")
    const lag = this.lag > 0 ? ["-c", `recovery_min_apply_delay=${this.lag}s`] : []
    this.standby = this.#launch(node, lag)
    const state = (column: string, value: string) => async () =>
      (
        await this.query<{ n: number }>(
          `select count(*)::int as n from pg_stat_replication where ${column} = '${value}'`,
        )
      )[0]?.n === 1
    await until("the standby follows", state("state", "streaming"))
    await this.query("alter system set synchronous_standby_names = '*'")
    await this.query("select pg_reload_conf()")
    await until("the standby confirms commits", state("sync_state", "sync"))
  }

  /** Ends the primary and its processes at once, as when its machine loses power. */
  async killPrimary(): Promise<void> {
    const { pid } = this.primary.process
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number)
    const ended = end(this.primary.process, "SIGKILL")
    for (const child of children) kill(child)
    await ended
  }

  /** Makes the standby the primary. */
  async promote(): Promise<void> {
    const { standby, primary } = this
    if (!standby) throw new Error("There is no standby to promote.")
    await query(standby.port, "select pg_promote(true, 20)")
    this.primary = standby
    this.standby = undefined
    this.#remove(primary)
  }

  async stop(): Promise<void> {
    for (const node of [this.standby, this.primary]) {
      if (!node) continue
      await end(node.process, "SIGINT")
      this.#remove(node)
    }
  }

  async #newNode(): Promise<Omit<DatabaseNode, "process">> {
    const name = `node${++this.#made}`
    const space = join(this.folder, `${name}-space`)
    makeSpace(space, this.#account)
    return { name, port: await freePort(), data: join(this.folder, `${name}-data`), space }
  }

  #own(path: string): void {
    if (this.#account) chownSync(path, this.#account.uid, this.#account.gid)
  }

  #launch(node: Omit<DatabaseNode, "process">, more: string[] = []): DatabaseNode {
    const settings = {
      port: node.port,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: "",
      cluster_name: node.name,
      max_connections: 80,
      wal_keep_size: "256MB",
      // A killed process loses nothing that it has handed to the system.
      fsync: "off",
    }
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
    const args = ["-D", node.data, ...flags, ...more]
    const child = startProgram(join(this.#bin, "postgres"), args, join(this.folder, `${node.name}.log`), this.#account)
    return { ...node, process: child }
  }

  async #answers(port: number): Promise<boolean> {
    return (await query(port, "select 1")).length === 1
  }

  #remove({ data, space }: DatabaseNode): void {
    removeSpace(space)
    rmSync(data, { recursive: true, force: true })
  }
}

function urlOf(port: number): string {
  return `postgres://soak@127.0.0.1:${port}/postgres`
}

async function query<Row extends Record<string, unknown>>(port: number, statement: string): Promise<Row[]> {
  const sql = postgres(urlOf(port), { max: 1, connect_timeout: 5, onnotice: () => {} })
  try {
    return [...(await sql.unsafe<Row[]>(statement))]
  } finally {
    await sql.end({ timeout: 1 })
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It has ended already.
  }
}
