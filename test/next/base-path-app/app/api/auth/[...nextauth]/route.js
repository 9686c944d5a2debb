import { NextRequest } from "next/server"
import { handlers } from "../../../../auth"

// Next takes its base path away from the address before a route handler sees it, and Auth.js looks for it.
const withBasePath = (handle) => (request) => {
  const { origin, pathname, search } = new URL(request.url)
  return handle(new NextRequest(`${origin}/app${pathname}${search}`, request))
}

export const GET = withBasePath(handlers.GET)
export const POST = withBasePath(handlers.POST)
