import { hashPassword } from "./db/hash"

export const guestRegex = /^guest-\d+$/

/** Takes the time of a comparison where there is nobody to compare with. */
export const DUMMY_PASSWORD = hashPassword(crypto.randomUUID())
