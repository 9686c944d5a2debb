import type { ComponentChildren } from "preact"

/** What a page is about that isn't about notes. */
export function Card({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="card">
      <h1>{title}</h1>
      {children}
    </div>
  )
}
