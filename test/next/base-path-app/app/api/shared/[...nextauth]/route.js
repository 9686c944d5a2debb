import { sharedHandlers } from "../../../../auth"
import { withBasePath } from "../../base-path"

export const GET = withBasePath(sharedHandlers.GET)
export const POST = withBasePath(sharedHandlers.POST)
