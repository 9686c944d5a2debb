"use client"

import { useLazy } from "authjs-lazy/react"
import { SessionProvider, signIn, useSession } from "next-auth/react"

/** Signs in lazily in the browser; no gate stands before it. */
export default function Page() {
  return (
    <SessionProvider basePath="/app/api/auth">
      <Who />
    </SessionProvider>
  )
}

function Who() {
  const { data, status } = useSession()
  return (
    <>
      <output>{JSON.stringify({ status, user: data?.user ?? null })}</output>
      <code>{JSON.stringify(useLazy({ convertPage: "/app/convert?from=click" }))}</code>
      <button type="button" onClick={() => signIn("lazy")}>
        Start
      </button>
      <button type="button" onClick={() => signIn("lazy", { redirect: false })}>
        Start here
      </button>
    </>
  )
}
