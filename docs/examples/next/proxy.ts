export { lazy as proxy } from "@/auth"

export const config = {
  matcher: ["/", "/notebooks/:path*"],
}
