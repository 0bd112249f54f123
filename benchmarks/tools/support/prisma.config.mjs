// Prisma's command downloads its schema engine, except with `engine: "js"`, which runs the WebAssembly build of the same
// engine that is part of the package. That build does not know the type `name`, which its own queries return; as text,
// it reads their values.
import { PrismaPg } from "@prisma/adapter-pg"
import pg from "pg"

const NAME = 19
const TEXT = 25
const { addFields } = pg.Result.prototype
pg.Result.prototype.addFields = function (fields) {
  for (const field of fields) if (field.dataTypeID === NAME) field.dataTypeID = TEXT
  return addFields.call(this, fields)
}

export default {
  schema: "schema.prisma",
  migrations: { path: process.env.MIGRATIONS },
  experimental: { adapter: true },
  engine: "js",
  adapter: async () => new PrismaPg({ connectionString: process.env.DATABASE_URL }),
}
