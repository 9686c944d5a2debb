import { pgTable, text } from "drizzle-orm/pg-core"

/** The user table of Auth.js, as far as a hand-written provider fills it. */
export const usersTable = pgTable("user", {
  id: text("id")
    .primaryKey()
    .$defaultFn(() => crypto.randomUUID()),
  name: text("name"),
  email: text("email"),
  image: text("image"),
})
