import { type NextRequest, NextResponse } from "next/server"
import { getToken } from "next-auth/jwt"
import { guestRegex } from "./lib/constants"

export async function proxy(request: NextRequest) {
  const { pathname, protocol } = request.nextUrl
  if (pathname.startsWith("/api/auth")) return NextResponse.next()

  const token = await getToken({
    req: request,
    secret: process.env.AUTH_SECRET,
    secureCookie: protocol === "https:",
  })
  if (!token) {
    const redirectUrl = encodeURIComponent(pathname)
    return NextResponse.redirect(new URL(`/api/auth/guest?redirectUrl=${redirectUrl}`, request.url))
  }

  const isGuest = guestRegex.test(token.email ?? "")
  if (!isGuest && ["/login", "/register"].includes(pathname)) return NextResponse.redirect(new URL("/", request.url))
  return NextResponse.next()
}

export const config = {
  matcher: ["/((?!_next/static|_next/image|favicon.ico|sitemap.xml|robots.txt).*)"],
}
