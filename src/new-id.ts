import { v7 as uuidv7 } from "uuid"

/**
 * Makes a UUIDv7 of this moment. Without `msecs`, the package remembers the latest time it has seen:
 * once a clock has run ahead and been set back, ids of the future would make lazy users look closed.
 */
export const newId = (): string => uuidv7({ msecs: Date.now() })
