import { changeName, leave } from "@/app/actions"
import { real } from "@/auth"
import { SignOutWarning } from "@/components/sign-out-warning"

/** Lazy users are sent to the page where they make an account. */
export default async function Profile() {
  const { user } = await real.session()
  return (
    <section className="card">
      <h1>Your profile</h1>
      <p className="quiet">You sign in as {user.email}.</p>
      <form action={changeName} className="fields">
        <label>
          Name
          <input name="text" defaultValue={user.name ?? ""} autoComplete="name" required />
        </label>
        <button type="submit">Save</button>
      </form>
      <p>
        <a href="/api/notebooks">Take everything along</a>
      </p>
      <SignOutWarning action={leave} className="mt-2 -ml-4" />
    </section>
  )
}
