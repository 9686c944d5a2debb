"use client"

import { useActionState } from "react"

export function Form({ action }) {
  const [result, send] = useActionState(action, null)
  return (
    <form action={send}>
      <pre>{JSON.stringify({ result })}</pre>
      <input name="provider" />
    </form>
  )
}
