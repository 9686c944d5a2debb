/**
 * Provides Drizzle definitions of tables that Prisma manages.
 * @module authjs-lazy/prisma
 */

export { type PrismaModel, type PrismaTablesOptions, prismaTables } from "./store/tables/prisma-tables.js"
