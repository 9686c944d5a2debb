import { cookies } from "next/headers"
import { Suspense } from "react"
import { auth } from "../../auth"

/** What a page behind the gate sees, at once and in what is streamed later. */
export default async function Page() {
  return (
    <>
      <pre>{JSON.stringify(await auth())}</pre>
      <Suspense fallback="Wait.">
        <Later />
      </Suspense>
    </>
  )
}

async function Later() {
  await new Promise((resolve) => setTimeout(resolve, 50))
  const names = (await cookies()).getAll().map(({ name }) => name)
  return <output>{JSON.stringify({ id: (await auth())?.user.id, names })}</output>
}
