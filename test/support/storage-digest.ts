/** Everything that is stored in the SQLite databases below a directory, so that a test can say: nothing was. */
import { createHash } from "node:crypto";
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

/** A Durable Object may be writing. */
const BUSY_TIMEOUT_MS = 5_000;
const tableSchema = z.object({ name: z.string() });

/**
 * Tables that say nothing of what was sent: floors say when a member last sent something, holdings how far a shard has
 * compared its slots with others.
 */
const INTERNAL = /^(_cf_|sqlite_|schema_version$|floors$|holdings$|__miniflare)/;

/**
 * `database/table` to its number of rows and a hash of them, for every table with rows. Databases of Durable
 * Objects are read beside workerd, which writes before it answers.
 */
export async function storageDigest(directory: string): Promise<Record<string, string>> {
  const digest: Record<string, string> = {};
  const files: string[] = [];
  for await (const file of glob("**/*.sqlite", { cwd: directory })) files.push(file);
  for (const file of files.toSorted()) {
    const database = new DatabaseSync(join(directory, file), {
      readOnly: true,
      timeout: BUSY_TIMEOUT_MS,
    });
    try {
      const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
      for (const { name } of z.array(tableSchema).parse(tables)) {
        if (INTERNAL.test(name)) continue;
        const rows = database.prepare(`SELECT * FROM "${name}"`).all();
        if (rows.length > 0) digest[`${file}/${name}`] = `${rows.length} rows, ${hashOf(rows)}`;
      }
    } finally {
      database.close();
    }
  }
  return digest;
}

function hashOf(rows: readonly object[]): string {
  const texts = rows.map((row) =>
    JSON.stringify(row, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
    ),
  );
  return createHash("sha256").update(texts.toSorted().join("\n")).digest("base64url");
}
