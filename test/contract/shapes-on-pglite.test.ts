import type { PGlite } from "@electric-sql/pglite"
import { drizzle } from "drizzle-orm/pglite"
import { afterAll, beforeAll, describe } from "vitest"
import type { Database } from "../../src/drizzle.js"
import { dropSchemas, pgliteClient } from "../setup/databases.js"
import { createTables } from "./create-tables.js"
import { testOperations } from "./shape-operations.js"
import { everyShape } from "./wild-shapes.js"

let client: PGlite
beforeAll(async () => {
  client = await pgliteClient()
})
afterAll(() => client.close())

describe.each(everyShape.filter(({ isWild }) => !isWild))("tables with $shape on PGlite", (shape) => {
  const { casing, definitions } = shape
  let db: Database
  beforeAll(async () => {
    await client.exec(dropSchemas)
    db = drizzle(client, { casing }) as Database
    await createTables(db, definitions, casing)
  })

  testOperations(shape, () => ({ db, own: db }))
})
