/** How points in time are written. */
export const DATE = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" })
