// A package that a reader may have, and this one has not: its name is enough for the type check.
declare module "ioredis"
