import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Certificate } from "./certificate.js"
import { freePort } from "./free-port.js"
import { NGINX } from "./left-out.js"

/** An nginx in front of an app. */
export interface Nginx {
  port: number
  /** Its address for visitors. */
  origin: string
  /** The lines of its error log. */
  log: readonly string[]
  close: () => Promise<void>
}

/** What an {@link Nginx} stands in front of, and shows to visitors. */
export interface NginxPlace {
  /** The port of the app, or of the next proxy. */
  app: number
  certificate: Certificate
}

/**
 * Starts nginx on a free port of loopback.
 * @param servers its `server` blocks, written for `app.example.com` on port 443 or 80 and an app at
 *   127.0.0.1:3000; the names, ports and files of the test take their place
 */
export async function startNginx(servers: string, { app, certificate }: NginxPlace): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-nginx-"))
  const port = await freePort()
  await writeFile(join(folder, "cert.pem"), certificate.cert)
  await writeFile(join(folder, "cert.key"), certificate.key, { mode: 0o600 })
  const here = servers
    .replaceAll(/\blisten (443|80)\b/g, `listen 127.0.0.1:${port}`)
    .replaceAll(/\S+\.(pem|key);/g, `${folder}/cert.$1;`)
    .replaceAll("app.example.com", "localhost")
    .replaceAll("127.0.0.1:3000", `127.0.0.1:${app}`)
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  )
  // One process, under the user of the tests.
  const lines = [
    "daemon off;",
    "master_process off;",
    `pid ${folder}/pid;`,
    "error_log stderr notice;",
    "events { worker_connections 256; }",
    "http {",
    "access_log off;",
    ...temporary,
    here,
    "}",
  ]
  const file = join(folder, "nginx.conf")
  await writeFile(file, lines.join("\n"))
  const child = spawn(NGINX, ["-p", folder, "-e", "stderr", "-c", file], { stdio: ["ignore", "ignore", "pipe"] })
  const ended = once(child, "exit")
  const log: string[] = []
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", () => reject(new Error(`nginx ended:\n${log.join("\n")}\n${lines.join("\n")}`)))
    createInterface(child.stderr).on("line", (line) => {
      log.push(line)
      // It listens before it says on which system it runs.
      if (line.includes("OS:")) resolve()
    })
  })
  const isTls = /\blisten 443 ssl\b/.test(servers)
  return {
    port,
    origin: `${isTls ? "https" : "http"}://localhost:${port}`,
    log,
    async close() {
      child.kill("SIGTERM")
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
