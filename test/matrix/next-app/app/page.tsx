import { redirect } from "next/navigation"
import { auth, client, lazy, optional } from "../auth"

async function write(form: FormData): Promise<void> {
  "use server"
  const session = await lazy.session()
  if (!session) return
  await client`insert into note ("userId", text) values (${session.user.id}, ${String(form.get("text"))})`
  redirect("/account")
}

export default async function Page() {
  const session = await optional.session()
  const ofAuth = await auth()
  return (
    <form action={write}>
      <p>{session ? `${session.user.username}, ${ofAuth?.user?.isLazy ? "lazy" : "real"}` : "nobody"}</p>
      <input name="text" />
      <button type="submit">Write</button>
    </form>
  )
}
