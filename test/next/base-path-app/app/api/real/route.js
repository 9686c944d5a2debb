import { real } from "../../../auth"

export const GET = real.route(({ auth }) => Response.json({ auth }))
