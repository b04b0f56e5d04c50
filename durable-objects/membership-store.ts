/** SQL of the Membership object. */
import type { z } from "zod";
import {
  charterSchema,
  nameOf,
  statementSchema,
  subjectOf,
  type Charter,
  type Statement,
} from "../protocol/index.ts";
import { migrate } from "./schema-version.ts";

const STATEMENTS = `
  CREATE TABLE statements (name TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE notes (name TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
`;
const SCHEMA = `
  CREATE TABLE charter (one INTEGER PRIMARY KEY CHECK (one = 1), document TEXT NOT NULL);
  ${STATEMENTS}
`;
/** Version 1 held a charter without slots and threshold: one of a mesh that has another id today. */
const FROM_1 = `
  DELETE FROM charter;
  DROP TABLE descriptors;
  ${STATEMENTS}
`;

export class MembershipStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    migrate(storage.sql, 2, SCHEMA, { 1: FROM_1 });
  }

  charter(): Charter | undefined {
    const rows = this.#storage.sql.exec<{ document: string }>("SELECT document FROM charter");
    const [held] = rows.toArray();
    return held && charterSchema.parse(JSON.parse(held.document));
  }

  statements(): Statement[] {
    const rows = this.#storage.sql.exec<{ document: string }>("SELECT document FROM statements");
    return Array.from(rows, (row) => statementSchema.parse(JSON.parse(row.document)));
  }

  putCharter(charter: Charter): void {
    this.#storage.sql.exec(
      "INSERT INTO charter (one, document) VALUES (1, ?)",
      JSON.stringify(charter),
    );
  }

  /** Writes what a merge changed, in one transaction; a proof ends its node's descriptor. */
  put(changed: readonly Statement[]): void {
    const { sql } = this.#storage;
    this.#storage.transactionSync(() => {
      for (const statement of changed) {
        sql.exec(
          `INSERT INTO statements (name, document) VALUES (?1, ?2)
           ON CONFLICT (name) DO UPDATE SET document = ?2`,
          nameOf(statement),
          JSON.stringify(statement),
        );
        if (statement.type === "equivocation") this.#drop(`descriptor/${subjectOf(statement)}`);
      }
    });
  }

  drop(names: readonly string[]): void {
    this.#storage.transactionSync(() => {
      for (const name of names) this.#drop(name);
    });
  }

  /** A small document of the object's own, such as its peers' health; undefined where there is none that fits. */
  note<T>(name: string, schema: z.ZodType<T>): T | undefined {
    const rows = this.#storage.sql.exec<{ document: string }>(
      "SELECT document FROM notes WHERE name = ?",
      name,
    );
    const [held] = rows.toArray();
    const parsed = held && schema.safeParse(JSON.parse(held.document));
    return parsed?.success ? parsed.data : undefined;
  }

  putNote(name: string, value: unknown): void {
    this.#storage.sql.exec(
      `INSERT INTO notes (name, document) VALUES (?1, ?2)
       ON CONFLICT (name) DO UPDATE SET document = ?2`,
      name,
      JSON.stringify(value),
    );
  }

  #drop(name: string): void {
    this.#storage.sql.exec("DELETE FROM statements WHERE name = ?", name);
  }
}
