import { inject } from "vitest"

/** The package as npm would publish it, packed once for the whole run. */
export function packedTarball(): { path: string; files: string[] } {
  const tarball = inject("tarball")
  if (!tarball) throw new Error("This test installs the package: its file belongs to a project in packed-tarball.ts.")
  return tarball
}
