"use client"

import { useLazy } from "authjs-lazy/react"
import { __NEXTAUTH, getCsrfToken } from "next-auth/react"
import { useEffect, useState } from "react"
import { Problem, SECOND_BUTTON } from "./convert-field"

interface ConvertPasskeyProps {
  /** Id of the passkey provider. */
  provider: string
  label: string
  /** Said when the person cancels, or making the passkey fails. */
  failed: string
  redirectTo?: string | undefined
}

/** Makes an account with a passkey, where the browser has them. Auth.js asks visitors who aren't lazy for more. */
export function ConvertPasskey({ provider, label, failed, redirectTo = "/" }: ConvertPasskeyProps) {
  const { isLazy } = useLazy()
  const [state, setState] = useState<"absent" | "ready" | "pending" | "failed">("absent")
  useEffect(() => {
    if ("PublicKeyCredential" in window && "parseCreationOptionsFromJSON" in PublicKeyCredential) setState("ready")
  }, [])
  if (!isLazy || state === "absent") return null
  const make = async () => {
    setState("pending")
    try {
      window.location.assign(await register(provider, redirectTo))
    } catch (error) {
      console.error(error)
      setState("failed")
    }
  }
  return (
    <div data-slot="convert-passkey" className="grid gap-2">
      <button type="button" disabled={state === "pending"} className={SECOND_BUTTON} onClick={make}>
        {label}
      </button>
      {state === "failed" && <Problem>{failed}</Problem>}
    </div>
  )
}

/** Makes a passkey by the protocol of Auth.js, and returns where to go on. */
async function register(provider: string, callbackUrl: string): Promise<string> {
  const id = encodeURIComponent(provider)
  const asked = await fetch(`${__NEXTAUTH.basePath}/webauthn-options/${id}?action=register`)
  const { options } = await asked.json()
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential
  const sent = await fetch(`${__NEXTAUTH.basePath}/callback/${id}`, {
    method: "POST",
    // Auth.js returns the address as JSON instead of redirecting to it.
    headers: { "x-auth-return-redirect": "1" },
    body: new URLSearchParams({
      csrfToken: await getCsrfToken(),
      callbackUrl,
      action: "register",
      data: JSON.stringify(credential.toJSON()),
    }),
  })
  const { url } = await sent.json()
  const { pathname, search, searchParams } = new URL(url, window.location.href)
  const error = searchParams.get("error")
  if (error !== null) throw new Error(`Auth.js refused the passkey: ${error}`)
  // Behind a proxy, Auth.js may name an internal host.
  return `${window.location.origin}${pathname}${search}`
}
