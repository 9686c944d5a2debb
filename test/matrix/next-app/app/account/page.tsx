import { real } from "../../auth"

export default async function Account() {
  const { user } = await real.session({ callbackUrl: "/account" })
  return <p>{`The account of ${user.username}`}</p>
}
