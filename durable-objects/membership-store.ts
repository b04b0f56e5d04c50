/** SQL of the Membership object. */
import {
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
    const { sql } = this.#storage;
    const charter = sql.exec<{ document: string }>("SELECT document FROM charter").toArray()[0];
    if (!charter) return undefined;
    const rows = sql.exec<{ document: string }>("SELECT document FROM descriptors ORDER BY node");
    const descriptors: unknown[] = rows.toArray().map((row) => JSON.parse(row.document));
    return membersSchema.parse({ charter: JSON.parse(charter.document), descriptors });
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
