"use client"

import { useRouter } from "next/navigation"
import { type FormEvent, useState } from "react"

/** Sends a message to a chat, which begins with its first message. */
export function Composer({ chatId }: { chatId?: string }) {
  const router = useRouter()
  const [problem, setProblem] = useState("")

  async function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = event.currentTarget
    const id = chatId ?? crypto.randomUUID()
    const text = new FormData(form).get("text")
    const answer = await fetch("/api/chat", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id, text }),
    })
    setProblem(answer.ok ? "" : await answer.text())
    if (!answer.ok) return
    form.reset()
    if (chatId) router.refresh()
    else router.push(`/chat/${id}`)
  }

  return (
    <form onSubmit={send}>
      <input
        name="text"
        aria-label="Message"
        placeholder="Say something"
        maxLength={2000}
        autoComplete="off"
        required
      />
      <button type="submit">Send</button>
      {problem && <p role="alert">{problem}</p>}
    </form>
  )
}
