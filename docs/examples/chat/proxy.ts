import { type NextFetchEvent, type NextRequest, NextResponse } from "next/server"
import { lazy } from "./app/(auth)/auth"

export async function proxy(request: NextRequest, event: NextFetchEvent) {
  const { pathname } = request.nextUrl
  if (pathname.startsWith("/api/auth")) return NextResponse.next()

  return lazy.proxy(request, event, ({ auth }) => {
    const isGuest = auth?.user.type !== "regular"
    if (!isGuest && ["/login", "/register"].includes(pathname)) return NextResponse.redirect(new URL("/", request.url))
    return NextResponse.next()
  })
}

export const config = {
  matcher: ["/((?!_next/static|_next/image|favicon.ico|sitemap.xml|robots.txt).*)"],
}
