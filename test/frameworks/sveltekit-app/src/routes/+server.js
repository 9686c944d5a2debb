import { page } from "../page.js"

export const GET = page
export const POST = page
