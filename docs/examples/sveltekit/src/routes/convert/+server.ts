import type { RequestHandler } from "@sveltejs/kit"
import { convertPage } from "authjs-lazy/pages"
import { authConfig } from "../../lib/server/auth.js"

const convert = convertPage(authConfig)

export const GET: RequestHandler = (event) => convert(event.request, event)
export const POST = GET
