// Does what `prisma db push` does in an empty database, by Prisma's schema engine in WebAssembly. The
// command downloads the same engine as a program from Prisma's server, which not every machine reaches.
import { readFileSync } from "node:fs"
import { PrismaPg } from "@prisma/adapter-pg"
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils"
import * as engine from "@prisma/schema-engine-wasm/schema_engine_bg"
import pg from "pg"

const connectionString = process.env.DATABASE_URL
const module = readFileSync("node_modules/@prisma/schema-engine-wasm/schema_engine_bg.wasm")
const { instance } = await WebAssembly.instantiate(module, { "./schema_engine_bg.js": engine })
engine.__wbg_set_wasm(instance.exports)
instance.exports.__wbindgen_start()

const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString }))
const schema = await engine.SchemaEngine.new({ datamodels: undefined }, () => {}, adapter)
const file = { path: "prisma/schema.prisma", content: readFileSync("prisma/schema.prisma", "utf8") }
const { stdout } = await schema.diff({
  from: { tag: "empty" },
  to: { tag: "schemaDatamodel", files: [file] },
  script: true,
  exitCode: null,
  shadowDatabaseUrl: null,
  filters: { externalTables: [], externalEnums: [] },
})
const client = new pg.Client({ connectionString })
await client.connect()
await client.query(stdout)
process.exit()
