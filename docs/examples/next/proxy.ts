import { lazy } from "@/auth"

export const proxy = lazy.proxy

export const config = {
  matcher: ["/", "/notebooks/:path*"],
}
