import type { UserType } from "@/app/(auth)/auth"

/** What each kind of user may do. */
export const entitlementsByUserType: Record<UserType, { maxMessagesPerHour: number }> = {
  guest: { maxMessagesPerHour: 5 },
  regular: { maxMessagesPerHour: 50 },
}
