import { afterAll } from "vitest"

// The server of Hono replaces both for the whole process, which goes on with the next file.
const { Request, Response } = globalThis
afterAll(() => void Object.assign(globalThis, { Request, Response }))
