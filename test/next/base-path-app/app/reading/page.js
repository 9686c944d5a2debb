import { optional } from "../../auth"

/** Reads the session where no proxy stands before it, as a sign-in page does. */
export default async function Page() {
  return <pre>{JSON.stringify(await optional.session())}</pre>
}
