import { MAX_NOTE } from "../schema.js"

interface NoteFormProps {
  action: string
  label: string
  button: string
  text?: string
  /** Why the text could not be taken. */
  problem?: string
  /** Where "Cancel" leads, if there is one. */
  cancel?: string
}

/** The form for a note, new or not. */
export function NoteForm({ action, label, button, text = "", problem, cancel }: NoteFormProps) {
  return (
    <form method="post" action={action} class="note-form">
      <label for="text">{label}</label>
      <textarea
        id="text"
        name="text"
        rows={cancel ? 8 : 3}
        maxLength={MAX_NOTE}
        required
        aria-invalid={problem !== undefined}
        aria-describedby={problem && "problem"}
      >
        {/* HTML swallows a line break right after the tag. */}
        {`\n${text}`}
      </textarea>
      {problem && (
        <p id="problem" class="problem" role="alert">
          {problem}
        </p>
      )}
      <div class="actions">
        {cancel && <a href={cancel}>Cancel</a>}
        <button type="submit">{button}</button>
      </div>
    </form>
  )
}
