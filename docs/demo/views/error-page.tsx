import { Card } from "./card.js"
import { Layout } from "./layout.js"

const PROBLEMS: Record<number, [title: string, text: string]> = {
  403: ["That came from somewhere else", "Another site tried to send this form in your name. Nothing has changed."],
  404: ["There is nothing here", "The address is wrong, or the note is gone, or it is somebody else’s."],
  413: ["That is too long", "Nothing has changed: go back and send less of it."],
  500: ["Something broke", "It is not your fault, and your notes are safe. Please try again."],
}

/** Says what went wrong, and nothing about how. */
export function errorPage(status: number) {
  const [title, text] = PROBLEMS[status] ?? ["That didn’t work", "Your browser sent something this app can’t read."]
  return (
    <Layout title={title}>
      <Card title={title}>
        <p>{text}</p>
        <a class="button" href="/">
          To your notes
        </a>
      </Card>
    </Layout>
  )
}
