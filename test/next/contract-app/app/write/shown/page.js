/** @jsxImportSource react */
import { headers } from "next/headers"

export default async function Shown() {
  const session = await globalThis.contract.writing(await headers())
  return <p>{session ? session.user.id : "nobody"}</p>
}
