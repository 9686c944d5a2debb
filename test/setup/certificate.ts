import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A key and the certificate that it has signed itself, as PEM. */
export interface Certificate {
  key: Buffer
  cert: Buffer
}

/** Makes a certificate for `localhost` that is valid for a day. */
export function selfSigned(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "authjs-lazy-tls-"))
  const files = ["-keyout", join(folder, "key"), "-out", join(folder, "cert")]
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
  const kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
  execFileSync("openssl", ["req", ...kind, ...files, ...names], { stdio: "ignore" })
  const certificate = { key: readFileSync(join(folder, "key")), cert: readFileSync(join(folder, "cert")) }
  rmSync(folder, { recursive: true })
  return certificate
}
