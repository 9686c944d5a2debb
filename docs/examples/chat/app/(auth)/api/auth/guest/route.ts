import { NextResponse } from "next/server"
import { getToken } from "next-auth/jwt"
import { signIn } from "@/app/(auth)/auth"

/** Signs a visitor in as a new guest, and sends the browser back to where it came from. */
export async function GET(request: Request) {
  const { searchParams, protocol } = new URL(request.url)
  const wanted = searchParams.get("redirectUrl") ?? "/"
  const redirectTo = wanted.startsWith("/") && !wanted.startsWith("//") ? wanted : "/"
  const token = await getToken({
    req: request,
    secret: process.env.AUTH_SECRET,
    secureCookie: protocol === "https:",
  })
  if (token) return NextResponse.redirect(new URL("/", request.url))
  return signIn("guest", { redirectTo })
}
