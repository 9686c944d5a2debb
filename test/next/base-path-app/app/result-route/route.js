import { signInResult } from "authjs-lazy/next/actions"
import { authConfig } from "../../auth"

/** Signs in by a route handler, in which Next compares no origin. */
export async function POST(request) {
  const { provider, ...form } = Object.fromEntries(await request.formData())
  return Response.json(await signInResult(authConfig, provider, form, { redirect: false }))
}
