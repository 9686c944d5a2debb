import { signInResult } from "authjs-lazy/next/actions"
import { authConfig } from "../../auth"
import { send } from "./actions"
import { Form } from "./form"

/** Signs in with a result for `useActionState`; with ?component, in a component, which can't. */
export default async function Page({ searchParams }) {
  const { component } = await searchParams
  if (component === undefined) return <Form action={send} />
  const told = await signInResult(authConfig, "lazy").catch(({ message }) => ({ message }))
  return <pre>{JSON.stringify(told)}</pre>
}
