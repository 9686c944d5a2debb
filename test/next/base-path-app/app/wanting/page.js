import { lazy } from "../../auth"

/** Asks for a lazy user where none can be signed in: no proxy stands before it. */
export default async function Page() {
  let told
  try {
    told = await lazy.session()
  } catch (error) {
    told = { name: error.name, message: error.message }
  }
  return <pre>{JSON.stringify(told)}</pre>
}
