import { purgeRoute } from "authjs-lazy"
import { authConfig } from "@/auth"

/** For a scheduler, every night. */
export const GET = purgeRoute(authConfig, { secret: process.env.CRON_SECRET })
