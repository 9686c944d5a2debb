import { EventEmitter, once } from "node:events"
import type { AddressInfo } from "node:net"
import { simpleParser } from "mailparser"
import { SMTPServer } from "smtp-server"

/** Runs an SMTP server on loopback that keeps the links it receives. */
export class Mailbox extends EventEmitter {
  private readonly links: { to: string; link: string }[] = []
  private readonly server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    disableReverseLookup: true,
    onData: (stream, session, done) => {
      simpleParser(stream).then((mail) => {
        const link = /https?:\/\/\S+/.exec(mail.text ?? "")?.[0]
        for (const { address } of session.envelope.rcptTo) if (link) this.links.push({ to: address, link })
        done()
        this.emit("mail")
      }, done)
    },
  })

  /** Address of the server, for Nodemailer. */
  url = ""

  static async start(): Promise<Mailbox> {
    const mailbox = new Mailbox()
    await new Promise<void>((resolve) => mailbox.server.listen(0, "127.0.0.1", resolve))
    mailbox.url = `smtp://127.0.0.1:${(mailbox.server.server.address() as AddressInfo).port}`
    return mailbox
  }

  /** Waits for a mail to this address, and takes the link out of the newest one. */
  async linkFor(to: string): Promise<string> {
    for (;;) {
      const place = this.links.findLastIndex((mail) => mail.to === to)
      const [mail] = place === -1 ? [] : this.links.splice(place, 1)
      if (mail) return mail.link
      await once(this, "mail")
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()))
  }
}
