import type { RequestHandler } from "express"

/**
 * Lets a form through only if one of our own pages sent it. The session cookie is `SameSite=Lax`, which keeps it out of forms on other
 * sites, but a "site" there is a host with all its ports and sister domains: a page on localhost:4000 is same-site with this one.
 *
 * Browsers say where a form comes from in a header that no page can change: https://www.w3.org/TR/fetch-metadata/; older ones
 * send `Origin`. What sends neither is no browser, and has nobody's cookies. (Go's net/http does the same:
 * https://pkg.go.dev/net/http#CrossOriginProtection.) The forms that post to Auth.js have its CSRF token instead.
 */
export const sameOrigin: RequestHandler = (req, _res, next) => {
  const site = req.get("sec-fetch-site")
  const origin = req.get("origin")
  const own = site
    ? site === "same-origin" || site === "none"
    : origin === undefined || origin === `${req.protocol}://${req.host}`
  next(own ? undefined : Object.assign(new Error("This form was sent by another site."), { status: 403 }))
}
