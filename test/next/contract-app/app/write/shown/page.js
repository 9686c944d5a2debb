/** @jsxImportSource react */
import { headers } from "next/headers"

export default async function Shown() {
  const given = await headers()
  const session = await globalThis.contract.writing(given)
  return <p>{session ? session.user.id : "nobody"}</p>
}
