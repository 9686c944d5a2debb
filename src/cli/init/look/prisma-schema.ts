import { LazySetupError } from "../../../errors.js"
import type { Manifest } from "./manifest.js"
import type { SourceFile, Sources } from "./source-files.js"
import { closingBracket, lineAt } from "./source-text.js"

/** A field of a model: its type with `?` or `[]`, and what follows it. */
interface PrismaField {
  type: string
  attributes: string
}

/** A model of `schema.prisma`. */
export interface PrismaModelText {
  file: SourceFile
  name: string
  fields: ReadonlyMap<string, PrismaField>
  /** The name of the table, where `@@map` says one. */
  table: string | undefined
  /** The PostgreSQL schema, where `@@schema` says one. */
  schema: string | undefined
  /** The line of the closing bracket. */
  end: number
}

/** What the app's `schema.prisma` says. */
export interface PrismaFacts {
  /** The file with the user model, or the one where it would go. */
  file: string
  user: PrismaModelText | undefined
  password: PrismaModelText | undefined
  models: readonly PrismaModelText[]
  unknown: string[]
}

/** Reads the models of the app; undefined where it has no schema for Prisma. */
export function findPrisma(manifest: Manifest, { files }: Sources): PrismaFacts | undefined {
  const schemas = files.filter(({ path }) => path.endsWith(".prisma"))
  if (schemas.length === 0) return undefined
  const models = schemas.flatMap(modelsIn)
  const user = models.find(({ name }) => name === "User")
  const unknown: string[] = []
  if (!user && models.length > 0)
    unknown.push(
      "Which model has the users: schema.prisma has no model User. Give the table of yours to prismaTables({ User: { table } }).",
    )
  if (user) {
    refuseNumbers(user)
    unknown.push(...notesOn(user))
  }
  const [first] = schemas
  return {
    file: user?.file.path ?? manifest.prismaSchema ?? (first as SourceFile).path,
    user,
    password: models.find(({ name }) => name === "Password"),
    models,
    unknown,
  }
}

function refuseNumbers({ file, fields }: PrismaModelText): void {
  const type = fields.get("id")?.type
  if (type !== "Int" && type !== "BigInt") return
  throw new LazySetupError(
    `init: User.id in ${file.path} is ${type}, and the ids of lazy users are UUIDs, which need a field of String. Nothing was written.`,
  )
}

const SCALARS = /^(?:String|Boolean|Int|BigInt|Float|Decimal|DateTime|Json|Bytes)$/

function notesOn({ file, fields }: PrismaModelText): string[] {
  const notes: string[] = []
  if (fields.get("emailVerified")?.type.startsWith("Boolean"))
    notes.push(
      "Which column User.emailVerified is in Drizzle: it is a Boolean. Add it to the columns of User in prismaTables, as in node_modules/authjs-lazy/docs/prisma.md.",
    )
  const empty = [...fields].filter(
    ([name, { type, attributes }]) =>
      name !== "id" &&
      name !== "email" &&
      SCALARS.test(type) &&
      !/@updatedAt|@default\((?!\w*(?:cuid|uuid|ulid|nanoid)\()/.test(attributes),
  )
  if (empty.length > 0)
    notes.push(
      `What lazy users have in ${empty.map(([name]) => `User.${name}`).join(", ")} (${file.path}), which PostgreSQL does not fill. Give each field a default that the database knows, make it optional, or give prismaTables a column of Drizzle with a $defaultFn.`,
    )
  return notes
}

function modelsIn(file: SourceFile): PrismaModelText[] {
  return [...file.code.matchAll(/^model\s+(\w+)\s*\{/gm)].flatMap(({ 0: start, 1: name = "", index }) => {
    const open = index + start.length - 1
    const close = closingBracket(file.code, open)
    if (close === undefined) return []
    const fields = new Map<string, PrismaField>()
    let table: string | undefined
    let schema: string | undefined
    for (const line of file.code.slice(open + 1, close).split("\n")) {
      table ??= /^\s*@@map\(\s*(?:name:\s*)?"([^"]+)"/.exec(line)?.[1]
      schema ??= /^\s*@@schema\(\s*"([^"]+)"/.exec(line)?.[1]
      const [, field, type, attributes = ""] = /^\s*(\w+)\s+(\w+(?:\?|\[\])?)(.*)$/.exec(line) ?? []
      if (field !== undefined) fields.set(field, { type: type as string, attributes })
    }
    return [{ file, name, fields, table, schema, end: lineAt(file.code, close) }]
  })
}

/** The fields that `prismaTables` takes a model to have, by the models of Auth.js. */
const DOCUMENTED: Record<string, readonly string[]> = {
  User: ["name", "email", "emailVerified", "image", "updatedAt"],
  Account: [
    "userId",
    "type",
    "provider",
    "providerAccountId",
    "refresh_token",
    "access_token",
    "expires_at",
    "token_type",
    "scope",
    "id_token",
    "session_state",
    "updatedAt",
  ],
  Session: ["sessionToken", "userId", "expires", "updatedAt"],
  VerificationToken: ["identifier", "token", "expires"],
  Authenticator: [
    "credentialID",
    "userId",
    "providerAccountId",
    "credentialPublicKey",
    "counter",
    "credentialDeviceType",
    "credentialBackedUp",
    "transports",
  ],
}

/** What `LazyAdapter` can't do without, so that leaving it out would only move the error. */
const NEEDED = ["email", "userId", "type", "provider", "providerAccountId", "sessionToken", "expires"]

/** Writes the options of `prismaTables` for models that differ from the documented ones. */
export function prismaOptions({ models, user }: PrismaFacts): string {
  const options: string[] = []
  if (user && /@db\.Uuid\b/.test(user.fields.get("id")?.attributes ?? "")) options.push('ids: "uuid"')
  if (user?.fields.get("email")?.type === "String") options.push("emailRequired: true")
  if (user?.schema !== undefined) options.push(`schema: ${JSON.stringify(user.schema)}`)
  for (const model of models) {
    const columns = changedColumns(model)
    const parts = [
      ...(model.table === undefined ? [] : [`table: ${JSON.stringify(model.table)}`]),
      ...(columns.length > 0 ? [`columns: { ${columns.join(", ")} }`] : []),
    ]
    if (DOCUMENTED[model.name] && parts.length > 0) options.push(`${model.name}: { ${parts.join(", ")} }`)
  }
  return options.length === 0 ? "" : `{ ${options.join(", ")} }`
}

function changedColumns({ name, fields }: PrismaModelText): string[] {
  const documented = DOCUMENTED[name] ?? []
  const columns: string[] = []
  for (const [field, { attributes }] of fields) {
    const column = /(?<!@)@map\(\s*(?:name:\s*)?"([^"]+)"/.exec(attributes)?.[1]
    const isOwnId = field === "id" && name !== "User" && /@id\b/.test(attributes)
    if (column !== undefined && (documented.includes(field) || isOwnId))
      columns.push(`${field}: ${JSON.stringify(column)}`)
    else if (isOwnId) columns.push("id: true")
  }
  for (const field of documented) if (!fields.has(field) && !NEEDED.includes(field)) columns.push(`${field}: false`)
  return columns
}
