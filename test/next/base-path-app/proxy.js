import { NextResponse } from "next/server"
import { lazy } from "./auth"

/** An app's own proxy, behind the gate. */
export function proxy(request, event) {
  return lazy.proxy(request, event, answer)
}

function answer({ auth, nextUrl, url }) {
  if (nextUrl.pathname === "/rewritten") return NextResponse.rewrite(new URL("/app/gated", url))
  if (nextUrl.pathname === "/sent") return NextResponse.redirect(new URL("/app/gated", url))
  if (nextUrl.pathname !== "/marked") return undefined
  const response = NextResponse.json({ auth })
  response.cookies.set("theme", "dark")
  return response
}

export const config = { matcher: ["/gated", "/marked", "/rewritten", "/sent"] }
