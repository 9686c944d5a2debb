/** A line to write, and the button that sends it. */
export function Composer({ action, label }: { action: (form: FormData) => Promise<void>; label: string }) {
  return (
    <form action={action} className="composer">
      <input name="text" aria-label={label} placeholder={label} maxLength={2000} autoComplete="off" required />
      <button type="submit">Send</button>
    </form>
  )
}
