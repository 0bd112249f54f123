// postgres-migrations has no command that migrates, only this function.
import pg from "pg"
import { migrate } from "postgres-migrations"

const client = new pg.Client(process.env.DATABASE_URL)
await client.connect()
try {
  const applied = await migrate({ client }, process.env.MIGRATIONS)
  console.log(`${applied.length} migrations applied`)
} finally {
  await client.end()
}
