/** SQL of the Membership object. */
import {
  charterSchema,
  membersSchema,
  nodeOf,
  type Charter,
  type Descriptor,
  type Members,
} from "../protocol/index.ts";
import { migrate } from "./schema-version.ts";

const SCHEMA = `
  CREATE TABLE charter (one INTEGER PRIMARY KEY CHECK (one = 1), document TEXT NOT NULL);
  CREATE TABLE descriptors (node TEXT PRIMARY KEY, seq INTEGER NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
`;

export class MembershipStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    migrate(storage.sql, 1, SCHEMA);
  }

  read(): Members | undefined {
    const charter = this.charter();
    if (!charter) return undefined;
    const rows = this.#storage.sql.exec<{ document: string }>(
      "SELECT document FROM descriptors ORDER BY node",
    );
    const descriptors: unknown[] = rows.toArray().map((row) => JSON.parse(row.document));
    return membersSchema.parse({ charter, descriptors });
  }

  charter(): Charter | undefined {
    const rows = this.#storage.sql.exec<{ document: string }>("SELECT document FROM charter");
    const [held] = rows.toArray();
    return held && charterSchema.parse(JSON.parse(held.document));
  }

  merge(charter: Charter, descriptors: readonly Descriptor[]): void {
    const { sql } = this.#storage;
    this.#storage.transactionSync(() => {
      sql.exec(
        "INSERT INTO charter (one, document) VALUES (1, ?) ON CONFLICT (one) DO NOTHING",
        JSON.stringify(charter),
      );
      for (const descriptor of descriptors) {
        sql.exec(
          `INSERT INTO descriptors (node, seq, document) VALUES (?1, ?2, ?3)
           ON CONFLICT (node) DO UPDATE SET seq = ?2, document = ?3 WHERE ?2 > seq`,
          nodeOf(descriptor),
          descriptor.descriptor.seq,
          JSON.stringify(descriptor),
        );
      }
    });
  }
}
