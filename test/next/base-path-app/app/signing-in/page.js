import { signIn } from "../../auth"

/** The same with next-auth's own means. */
export default async function Page({ searchParams }) {
  const { provider, ...fields } = await searchParams
  let told
  try {
    told = await signIn(provider, { ...fields, redirect: false })
  } catch (error) {
    told = { name: error.name, message: error.message }
  }
  return <pre>{JSON.stringify(told)}</pre>
}
