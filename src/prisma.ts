export { type PrismaModel, type PrismaTablesOptions, prismaTables } from "./store/tables/prisma-tables.js"
