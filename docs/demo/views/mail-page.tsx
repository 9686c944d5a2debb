import type { Mail } from "../stand-ins/mailbox.js"
import { Card } from "./card.js"
import { DATE } from "./date.js"
import { Layout } from "./layout.js"

/** Says, after somebody has asked for a link, where it is. */
export function checkMailPage({ hasMailbox }: { hasMailbox: boolean }) {
  return (
    <Layout title="Check your mail">
      <Card title="Check your mail">
        <p>
          A link is on its way to you. Open it in this browser: it signs you in, and what you have written here comes
          along.
        </p>
        {hasMailbox && (
          <a class="button" href="/mail">
            Open the stand-in inbox
          </a>
        )}
        <a href="/">Back to your notes</a>
      </Card>
    </Layout>
  )
}

/** Everything that the demo has sent to anybody. */
export function mailPage({ mails }: { mails: readonly Mail[] }) {
  return (
    <Layout title="Stand-in inbox">
      <h1>Stand-in inbox</h1>
      <p class="told">
        This stands in for the inbox of whoever the demo writes to: its mail comes here, whatever the address, and
        nothing leaves this machine. A real app has no such page.
      </p>
      {mails.length > 0 ? (
        <ul class="notes">
          {mails.map((mail) => (
            <MailItem key={mail} mail={mail} />
          ))}
        </ul>
      ) : (
        <p class="empty">No mail yet. It is here when you have asked for a sign-in link.</p>
      )}
    </Layout>
  )
}

function MailItem({ mail: { to, subject, text, receivedAt } }: { mail: Mail }) {
  return (
    <li>
      <h2>{subject}</h2>
      <p class="text">{text.split(LINK).map(linkify)}</p>
      <div class="actions">
        <time dateTime={receivedAt.toISOString()}>{DATE.format(receivedAt)}</time>
        <span>to {to}</span>
      </div>
    </li>
  )
}

/** In brackets, so that `split` keeps the links. */
const LINK = /(https?:\/\/\S+)/

function linkify(part: string) {
  if (!LINK.test(part)) return part
  return (
    <a key={part} href={part}>
      {part}
    </a>
  )
}
