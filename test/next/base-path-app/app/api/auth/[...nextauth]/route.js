import { handlers } from "../../../../auth"
import { withBasePath } from "../../base-path"

export const GET = withBasePath(handlers.GET)
export const POST = withBasePath(handlers.POST)
