/**
 * A process of its own that opens one domain's index: `node start-index.ts DATABASE [SNAPSHOT]`, the domain and the
 * ontology on stdin. Prints what that took.
 */
import { text } from "node:stream/consumers";
import { z } from "zod";
import { openStore } from "../../origin/index.ts";
import { openRankingIndex } from "../../origin/ranking/index.ts";
import { compileDomain, decodeOntology, domainSchema } from "../../protocol/index.ts";

const [database = "", snapshot] = process.argv.slice(2);
const input = z
  .object({ domain: domainSchema, ontology: z.string().optional() })
  .parse(JSON.parse(await text(process.stdin)));
const ontology = input.ontology && decodeOntology(Buffer.from(input.ontology, "base64"));
const compiled = compileDomain(
  input.domain,
  ontology ? new Map([[ontology.id, ontology]]) : new Map(),
);
if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
const store = openStore(database, [compiled.value]);
const before = process.memoryUsage.rss();
const start = performance.now();
const index = await openRankingIndex({
  store,
  compiled: compiled.value,
  ...(snapshot !== undefined && { snapshot }),
});
const opened = performance.now();
const rss = process.memoryUsage.rss();
await index.close();
const closed = performance.now();
store.close();
const report = { size: index.size, openMs: opened - start, closeMs: closed - opened, before, rss };
process.stdout.write(JSON.stringify(report));
