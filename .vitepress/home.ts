import { repository } from "./links.js"

/** What the home page shows above the table of contents. */
export const home = {
  layout: "ContentsHome",
  sidebar: false,
  hero: {
    name: "authjs-lazy",
    text: "Lazy signup for Auth.js",
    tagline: "Visitors use your app before they sign up, and lose nothing when they do.",
    actions: [
      { theme: "brand", text: "Get started", link: "/getting-started" },
      { theme: "alt", text: "GitHub", link: repository },
    ],
  },
  features: [
    {
      title: "A user from the first click",
      details: "A visitor becomes a lazy user: a row in your user table and a session, with no form in between.",
      link: "/gating",
    },
    {
      title: "The same id after sign-up",
      details:
        "A lazy user converts with a password, an OAuth identity, an e-mail link or a passkey, in one transaction.",
      link: "/converting",
    },
    {
      title: "Merged with the account there was",
      details: "Signing in to an existing account moves every row of the lazy user to it, whatever table it is in.",
      link: "/merging",
    },
    {
      title: "Purged if nobody comes back",
      details: "The purge deletes lazy users in batches, and never one with a live session.",
      link: "/purging",
    },
  ],
}
