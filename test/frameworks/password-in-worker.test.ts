import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

it("is loaded without harm in a thread that ends, as SvelteKit does where it prerenders", async () => {
  const thread = 'import("authjs-lazy/password").then(() => console.log("loaded"))'
  const script = `
    import { Worker } from "node:worker_threads"
    new Worker(${JSON.stringify(thread)}, { eval: true }).on("exit", (code) => console.log("ended", code))
  `
  // argon2 0.45.1 brings down the process when the only thread that has loaded it ends.
  const { stdout } = await promisify(execFile)("node", ["--input-type=module", "--eval", script], { cwd: root })
  expect(stdout).toBe("loaded\nended 0\n")
})
