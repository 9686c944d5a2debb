import { type Request as ExpressRequest, type Response as ExpressResponse, Router, urlencoded } from "express"
import type { Account } from "oidc-provider"
import type { Provider } from "oidc-provider/lib/provider.js"
import { sameOrigin } from "../same-origin.js"
import { sendPage } from "../views/send-page.js"
import { standInPage, standInProblem } from "../views/stand-in-page.js"
import { type Person, type RefusedPerson, readPerson, subjectOf } from "./people.js"

/** The only page of the stand-in: it asks people who they are, and believes them. */
export function whoAreYou() {
  const people = new Map<string, Person>()
  return { find, routes }

  /** Somebody who has said so since the demo was started. */
  function find(subject: string): Account | undefined {
    const person = people.get(subject)
    return person && { accountId: subject, claims: () => ({ sub: subject, ...person, email_verified: true }) }
  }

  function routes(provider: Provider): Router {
    const router = Router()
    const form = [sameOrigin, urlencoded({ extended: false, limit: "16kb" })]

    router.get("/interaction/:uid", async (req, res) => {
      await ask(req, res)
    })

    router.post("/interaction/:uid", form, async (req: ExpressRequest, res: ExpressResponse) => {
      const input = readPerson(req.body)
      if (!input.ok) return ask(req, res, input)
      const visit = await readVisit(req, res)
      if (!visit) return
      const subject = subjectOf(input.person)
      people.set(subject, input.person)
      const grant = new provider.Grant({ accountId: subject, clientId: String(visit.params.client_id) })
      grant.addOIDCScope(String(visit.params.scope))
      const result = { login: { accountId: subject }, consent: { grantId: await grant.save() } }
      await provider.interactionFinished(req, res, result)
    })

    router.post("/interaction/:uid/cancel", form, async (req: ExpressRequest, res: ExpressResponse) => {
      if (!(await readVisit(req, res))) return
      await provider.interactionFinished(req, res, { error: "access_denied" })
    })

    return router

    async function ask(req: ExpressRequest, res: ExpressResponse, refused?: RefusedPerson): Promise<void> {
      const visit = await readVisit(req, res)
      if (!visit) return
      // The form leads back to the app in the end, and browsers hold the redirects to this too.
      const formAction = new URL(String(visit.params.redirect_uri)).origin
      sendPage(res.status(refused ? 422 : 200), standInPage({ action: `/interaction/${visit.uid}`, refused }), {
        formAction,
      })
    }

    /** The sign-in that this browser has under way; without one, for example after a restart, the answer says so. */
    async function readVisit(req: ExpressRequest, res: ExpressResponse) {
      try {
        return await provider.interactionDetails(req, res)
      } catch {
        sendPage(res.status(400), standInProblem())
        return undefined
      }
    }
  }
}
