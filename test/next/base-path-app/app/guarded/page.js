import { real } from "../../auth"

export default async function Page() {
  return <pre>{JSON.stringify(await real.session({ callbackUrl: "/app/guarded?tab=1" }))}</pre>
}
