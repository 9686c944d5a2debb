import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { simpleParser } from "mailparser"
import { SMTPServer } from "smtp-server"

/** A mail that has come in. */
export interface Mail {
  to: string
  subject: string
  text: string
  receivedAt: Date
}

/** Stands in for everybody's inbox. */
export interface Mailbox {
  /** The address of its mail server, as Nodemailer takes it. */
  server: string
  /** The newest first. They are gone when the demo ends. */
  mails: readonly Mail[]
}

/** How many mails it keeps. */
const ROOM = 50

/** Starts a mail server, for this machine only, that takes whatever it is given and delivers nothing. */
export async function startMailbox(): Promise<Mailbox> {
  const mails: Mail[] = []
  const server = new SMTPServer({
    authOptional: true,
    // It has no certificate, and nothing leaves the machine.
    disabledCommands: ["STARTTLS"],
    onData(stream, session, done) {
      simpleParser(stream).then(({ subject = "", text = "" }) => {
        const to = session.envelope.rcptTo.map(({ address }) => address).join(", ")
        mails.unshift({ to, subject, text: text.trim(), receivedAt: new Date() })
        mails.splice(ROOM)
        done()
      }, done)
    },
  })
  server.listen(0, "127.0.0.1")
  await once(server.server, "listening")
  return { server: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, mails }
}
