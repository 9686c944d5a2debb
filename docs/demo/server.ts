import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { createApp } from "./app.js"
import { claimFolder, FolderInUse, readSecret } from "./data-folder.js"
import { openPglite, openPostgres } from "./database.js"
import { startOtherWays } from "./providers.js"

const { PORT = "3000", DATABASE_URL, DEMO_DATA = join(import.meta.dirname, "../../.demo") } = process.env

async function start(): Promise<void> {
  await claimFolder(DEMO_DATA)
  const secret = await readSecret(DEMO_DATA)
  const [database, others] = await Promise.all([
    DATABASE_URL ? openPostgres(DATABASE_URL) : openPglite(join(DEMO_DATA, "pglite")),
    // What this starts ends with the process.
    startOtherWays(),
  ])
  const server = createServer(createApp(database.db, secret, others))
  server.listen(Number(PORT), "127.0.0.1")
  await once(server, "listening")

  const stop = async () => {
    server.close()
    // Browsers keep connections open that they don't need yet.
    server.closeAllConnections()
    await database.close()
    process.exit(0)
  }
  process.once("SIGINT", stop)
  process.once("SIGTERM", stop)
  console.log(`The notes are on http://localhost:${(server.address() as AddressInfo).port}`)
  console.log(`They are kept in ${DATABASE_URL ? "the database of DATABASE_URL" : DEMO_DATA}. Ctrl-C stops.`)
}

start().catch((error) => {
  if (error instanceof FolderInUse) console.error(error.message)
  // Not simply the next free port: cookies and bookmarks belong to an address.
  else if (error.code === "EADDRINUSE") console.error(`Port ${PORT} is in use. Take another: PORT=4000 npm run demo`)
  else console.error(error)
  process.exit(1)
})
