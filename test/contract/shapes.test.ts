import { afterAll, beforeAll, describe } from "vitest"
import { testMerging } from "./shape-merging.js"
import { testOperations } from "./shape-operations.js"
import { testPurging } from "./shape-purging.js"
import { testUsers } from "./shape-users.js"
import { testWaysIn } from "./shape-ways-in.js"
import { hasTable, ShapedWorld } from "./shaped-world.js"
import { everyShape, jwtShapes } from "./wild-shapes.js"

describe.each([...everyShape, ...jwtShapes])("tables with $shape", (shape) => {
  let world: ShapedWorld
  beforeAll(async () => {
    world = await ShapedWorld.open(shape)
  })
  afterAll(() => world.close())

  if (hasTable(shape, "sessionsTable")) describe("every operation", () => testOperations(shape, () => world))
  describe("users", () => testUsers(shape, () => world))
  describe("ways into accounts", () => testWaysIn(shape, () => world))
  describe("merging users", () => testMerging(shape, () => world))
  // Deletes all users, so it comes last.
  describe("purging users", () => testPurging(shape, () => world))
})
