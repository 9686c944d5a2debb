import { NextRequest } from "next/server"

// Next takes its base path away from the address before a route handler sees it, and Auth.js looks for it.
export const withBasePath = (handle) => (request) => {
  const { origin, pathname, search } = new URL(request.url)
  return handle(new NextRequest(`${origin}/app${pathname}${search}`, request))
}
