/** Whether what the organisations hold, what their stores say was announced, and what the mesh's nodes keep agree. */
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import type { LocalMesh } from "../../client/cli/local-mesh/local-mesh.ts";
import {
  createView,
  decodeEntry,
  isTombstone,
  slotsOf,
  toBase64Url,
  toStatements,
  type CompiledDomain,
  type Entry,
} from "../../protocol/index.ts";
import { shardDatabases } from "../../test/support/replicas.ts";

/** Workerd may be writing. */
const BUSY_TIMEOUT_MS = 5_000;

const announcedSchema = z.object({ signature: z.instanceof(Uint8Array), announced: z.int() });
const statementSchema = z.object({ statement: z.instanceof(Uint8Array) });

export interface Agreement {
  readonly entries: number;
  readonly replicas: number;
  readonly records: Record<string, number>;
  readonly differences: string[];
}

/** `idsOf` gives, by organisation, what its records are; undefined where that is not known. */
export async function compareAll(
  local: LocalMesh,
  { domain, directory }: { readonly domain: CompiledDomain; readonly directory: string },
  isRight: (slug: string, ids: ReadonlySet<string>) => string[],
): Promise<Agreement> {
  const descriptors = await Promise.all(local.founders.map(({ slug }) => local.describe(slug)));
  const view = createView(local.charter, toStatements(descriptors), Date.now());
  const kept = new Map<string, Map<string, Entry>>();
  for (const { slug, identity } of local.organisations) {
    const entries = await liveEntries(directory, slug);
    kept.set(identity.node, new Map(entries.map((entry) => [nameOf(entry), entry])));
  }
  const differences: string[] = [];
  const records: Record<string, number> = {};
  let entries = 0;
  let replicas = 0;
  for (const { slug, identity, database } of local.organisations) {
    const { node } = identity;
    const { announced, ids } = readStore(database);
    records[slug] = ids.size;
    differences.push(...isRight(slug, ids));
    const expected = new Map<string, Set<string>>();
    for (const { signature, announced: count } of announced) {
      entries += 1;
      const slots = slotsOf(domain.plan, signature).filter((slot) => slot !== undefined);
      const places = new Set(slots.flatMap((slot) => view.placement.replicasOf(slot)));
      const name = nameOf({ node, signature });
      expected.set(name, new Set(places));
      for (const place of places) {
        replicas += 1;
        const found = kept.get(place)?.get(name);
        if (!found) differences.push(`${slug}: ${name} is missing at ${place}`);
        else if (found.count !== count) {
          differences.push(`${slug}: ${name} has ${found.count} at ${place}, and not ${count}`);
        }
      }
    }
    for (const [place, list] of kept) {
      for (const [name, entry] of list) {
        if (entry.node === node && !expected.get(name)?.has(place)) {
          differences.push(`${slug}: ${name} was left behind at ${place}`);
        }
      }
    }
  }
  return { entries, replicas, records, differences };
}

function nameOf({ node, signature }: Pick<Entry, "node" | "signature">): string {
  return `${node}/${toBase64Url(signature)}`;
}

function readStore(path: string) {
  const db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    const announced = db
      .prepare("SELECT signature, announced FROM entries WHERE announced > 0")
      .all()
      .map((row) => announcedSchema.parse(row));
    const ids = db.prepare("SELECT id FROM records").all();
    return { announced, ids: new Set(ids.map(({ id }) => String(id))) };
  } finally {
    db.close();
  }
}

async function liveEntries(directory: string, slug: string): Promise<Entry[]> {
  const files = await shardDatabases(directory, slug);
  return files.flatMap((file) => {
    const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    try {
      return db
        .prepare("SELECT statement FROM entries")
        .all()
        .flatMap((row) => {
          const decoded = decodeEntry(statementSchema.parse(row).statement);
          if (!decoded.ok) throw new Error(`${slug} keeps what is no entry`);
          return isTombstone(decoded.value) ? [] : [decoded.value];
        });
    } finally {
      db.close();
    }
  });
}
