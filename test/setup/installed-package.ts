import { inject } from "vitest"

/** Returns the package as npm would publish it, packed once for the whole run. */
export function packedTarball(): { path: string; files: string[] } {
  const tarball = inject("tarball")
  if (!tarball)
    throw new Error("This run packed no tarball. Add the project of this test to INSTALLING in packed-tarball.ts.")
  return tarball
}
