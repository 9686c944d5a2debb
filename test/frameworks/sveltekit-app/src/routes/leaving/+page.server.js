import { error, fail, redirect } from "@sveltejs/kit"

export function load({ url }) {
  if (url.searchParams.has("redirect")) redirect(307, "/")
  if (url.searchParams.has("error")) error(404, "nothing here")
  if (url.searchParams.has("thrown")) throw new Error("expected by the test")
  return {}
}

export const actions = {
  redirect: () => redirect(303, "/"),
  fail: () => fail(422, { missing: true }),
  error: () => error(409, "not now"),
  done: () => ({ done: true }),
}
