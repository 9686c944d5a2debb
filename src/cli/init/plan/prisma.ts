import type { App } from "../look/app.js"
import type { PrismaFacts, PrismaModelText } from "../look/prisma-schema.js"
import type { Edit } from "./types.js"

const FIELDS: Record<string, string> = {
  username: "String?   @unique",
  lazySince: "DateTime?",
  convertedAt: "DateTime?",
  seenAt: "DateTime?",
}

/** Plans the lines for `schema.prisma`. */
export function planPrisma({ prisma }: App): Edit[] {
  if (!prisma) return []
  const { user, password } = prisma
  return [...(user ? fieldEdits(user, password !== undefined) : []), ...(password ? [] : [passwordEdit(prisma)])]
}

function fieldEdits({ file, fields, end }: PrismaModelText, hasPassword: boolean): Edit[] {
  const lines = Object.entries(FIELDS)
    .filter(([name]) => !fields.has(name))
    .map(([name, type]) => `+  ${name.padEnd(11)} ${type}`)
  if (lines.length === 0) return []
  return [
    {
      path: file.path,
      line: end,
      place: "at the end of model User, as in node_modules/authjs-lazy/docs/prisma.md",
      lines: [
        ...lines,
        // A field `password` of the app's own keeps its name.
        ...(hasPassword ? [] : [`+  ${relationName(fields).padEnd(11)} Password?`]),
        "+",
        "+  @@index([seenAt, id])",
      ],
    },
  ]
}

const relationName = (fields: ReadonlyMap<string, unknown>) => (fields.has("password") ? "lazyPassword" : "password")

function passwordEdit({ file, user }: PrismaFacts): Edit {
  const ofUuid = /@db\.Uuid\b/.test(user?.fields.get("id")?.attributes ?? "") ? " @db.Uuid" : ""
  return {
    path: file,
    place: "at the end",
    lines: [
      "+model Password {",
      `+  userId    String   @id${ofUuid}`,
      "+  hash      String",
      "+  updatedAt DateTime @updatedAt",
      "+  user      User     @relation(fields: [userId], references: [id], onDelete: Cascade)",
      "+}",
    ],
  }
}
