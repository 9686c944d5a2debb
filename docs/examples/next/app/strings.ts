import { convertStrings } from "authjs-lazy/next/actions"

/** What the forms say; the rest is as the package has it. */
export const strings = convertStrings({
  errors: {
    email_taken: "There is an account with this address already. Sign in to it, and what you have written moves there.",
    wrong_credentials: "The address or the password is wrong.",
    refused: "That did not work. Please try again.",
  },
})
