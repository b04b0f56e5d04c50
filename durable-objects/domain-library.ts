/**
 * The domains and ontologies that the node knows, by the hash of their content. One object a node. Whoever
 * sends a document can not change what an id means: the caller has checked that the content is the id's.
 */
import { DurableObject } from "cloudflare:workers";
import type { Env } from "./env.ts";
import { migrate } from "./schema-version.ts";

export type DocumentKind = "domain" | "ontology";

/** Values of a Durable Object's database may have 2 MB; an ontology may be larger. */
const PART_BYTES = 1_000_000;

const SCHEMA = `
  CREATE TABLE parts (
    kind TEXT NOT NULL, id TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (kind, id, part)
  ) WITHOUT ROWID;
`;

export class DomainLibrary extends DurableObject<Env> {
  readonly #storage: DurableObjectStorage;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#storage = ctx.storage;
    migrate(ctx.storage.sql, 1, SCHEMA);
  }

  /** Keeps a document; does nothing where it is known, since content under one id never changes. */
  async put(kind: DocumentKind, id: string, bytes: Uint8Array): Promise<void> {
    this.#storage.transactionSync(() => {
      for (let part = 0; part * PART_BYTES < bytes.length; part++) {
        this.#storage.sql.exec(
          "INSERT INTO parts (kind, id, part, bytes) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
          kind,
          id,
          part,
          bytes.slice(part * PART_BYTES, (part + 1) * PART_BYTES).buffer,
        );
      }
    });
  }

  async get(kind: DocumentKind, id: string): Promise<Uint8Array | undefined> {
    const parts = this.#storage.sql
      .exec<{ bytes: ArrayBuffer }>(
        "SELECT bytes FROM parts WHERE kind = ? AND id = ? ORDER BY part",
        kind,
        id,
      )
      .toArray();
    if (parts.length === 0) return undefined;
    return new Uint8Array(await new Blob(parts.map((part) => part.bytes)).arrayBuffer());
  }

  async list(kind: DocumentKind): Promise<string[]> {
    return this.#storage.sql
      .exec<{ id: string }>("SELECT id FROM parts WHERE kind = ? AND part = 0 ORDER BY id", kind)
      .toArray()
      .map((row) => row.id);
  }
}
