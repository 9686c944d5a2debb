import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"

/** The command as it is built, which `npm test` does first. */
export const builtCommand = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url))

export interface CommandResult {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs `authjs-lazy` in a process of its own, without the database and the secrets of this one. */
export async function runCommand(
  args: string[],
  { env = {}, command = builtCommand, cwd }: { env?: Record<string, string>; command?: string; cwd?: string } = {},
): Promise<CommandResult> {
  const inherited = { ...process.env }
  for (const name of Object.keys(inherited)) if (/^(DATABASE_URL$|AUTH_|NEXTAUTH_)/.test(name)) delete inherited[name]
  const child = spawn(process.execPath, [command, ...args], { env: { ...inherited, ...env }, cwd })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
  return { code: code as number | null, stdout, stderr }
}
