// The command of node-pg-migrate has no option for the loader that pairs x.up.sql with x.down.sql; the function does.
import { runner } from "node-pg-migrate"

const applied = await runner({
  databaseUrl: process.env.DATABASE_URL,
  dir: process.env.MIGRATIONS,
  direction: "up",
  migrationsTable: "pgmigrations",
  migrationLoaderStrategies: [{ extensions: [".sql"], loader: "sql" }],
  log: () => {},
})
console.log(`${applied.length} migrations applied`)
