import { real } from "../../../auth"

export const GET = real(({ auth }) => Response.json({ auth }))
