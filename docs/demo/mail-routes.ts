import { Router } from "express"
import type { Mailbox } from "./stand-ins/mailbox.js"
import { checkMailPage, mailPage } from "./views/mail-page.js"
import { sendPage } from "./views/send-page.js"

/** Where Auth.js sends people after it has sent them a link; and the inbox, where it is ours. */
export function mailRoutes(mailbox: Mailbox | undefined): Router {
  const router = Router()
  router.get("/check-mail", (_req, res) => sendPage(res, checkMailPage({ hasMailbox: mailbox !== undefined })))
  if (mailbox) router.get("/mail", (_req, res) => sendPage(res, mailPage(mailbox)))
  return router
}
