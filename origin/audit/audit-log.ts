/**
 * The running origin's audit log. What is logged about a query is on disk before its answer leaves, and a
 * checkpoint is signed only over what is on disk: else a crash could make this origin contradict its own
 * signature. Queries that are answered at the same time share one transaction and one checkpoint.
 */
import {
  commitTo,
  inclusionProof,
  nodePosition,
  rootOf,
  signCheckpoint,
  toBase64Url,
  type AuditEntry,
  type AuditNote,
  type Identity,
  type MeshId,
  type QueryEntry,
  type ReadNode,
  type Receipt,
  type SignedCheckpoint,
} from "../../protocol/index.ts";
import type { AuditConfig } from "./config.ts";
import type { AuditTables } from "./tables.ts";

const MINUTE_MS = 60_000;

type QueryNote = Extract<AuditNote, { kind: "query" }>;

/** What is to be logged about a query. */
export interface QueryFacts extends Omit<QueryNote, "kind" | "query" | "answer"> {
  /** The content digest of its body. */
  readonly queryDigest: string;
  /** Milliseconds since 1970. */
  readonly answeredAt: number;
}

export interface AnsweredFacts extends QueryFacts {
  /** `answerDigest` of the answer. */
  readonly answerDigest: string;
}

export interface AuditLogOptions {
  readonly tables: AuditTables;
  readonly identity: Identity;
  readonly mesh: MeshId;
  readonly config: AuditConfig;
  readonly now: () => number;
  /** Hears of checkpoints that could not be kept. */
  readonly onFailure: (error: unknown) => void;
}

interface Waiting {
  readonly note: QueryNote;
  readonly at: number;
  readonly resolve: (logged: Logged) => void;
  readonly reject: (error: unknown) => void;
}

/** An entry on disk, with the tree that it is in. */
interface Logged {
  readonly entry: QueryEntry;
  readonly proof: readonly string[];
  readonly checkpoint: SignedCheckpoint;
}

export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #timer: NodeJS.Timeout;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> = Promise.resolve();

  constructor(options: AuditLogOptions) {
    this.#options = options;
    const everyMs = options.config.checkpointMinutes * MINUTE_MS;
    this.#timer = setInterval(() => {
      this.checkpoint().catch(options.onFailure);
    }, everyMs);
    // Never what keeps the process.
    this.#timer.unref();
  }

  /** Logs that the origin starts with these settings, and vouches for all that was logged until now. */
  async start(settings: Readonly<Record<string, unknown>>): Promise<void> {
    const { tables, now } = this.#options;
    tables.transact(() => tables.append({ kind: "start", settings }, now()));
    await this.checkpoint();
  }

  /** Logs a query with its answer. Resolves once that is on disk. */
  async append({ answerDigest: answer, ...facts }: AnsweredFacts): Promise<Receipt> {
    const { key, note } = this.#noteOf(facts);
    const logged = await this.#write({ ...note, answer: commitTo(key, answer) }, facts.answeredAt);
    const { entry, proof, checkpoint } = logged;
    const opening = { key, query: facts.queryDigest, answer };
    return { entry, opening, proof: [...proof], checkpoint };
  }

  /** Logs a query that got no answer. Resolves once that is on disk. */
  async refuse(facts: QueryFacts): Promise<void> {
    await this.#write(this.#noteOf(facts).note, facts.answeredAt);
  }

  /** Keeps a checkpoint of all that was logged, unless there is one already. */
  async checkpoint(): Promise<void> {
    const { tables, identity, mesh, now } = this.#options;
    const size = tables.size();
    if (size === tables.checkpointSize()) return;
    const root = rootOf(size, tables.node);
    tables.keepCheckpoint(await signCheckpoint(identity, mesh, { size, root, signedAt: now() }));
  }

  /** Ends with what waits, and a last checkpoint. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flushing;
    await this.checkpoint();
  }

  #noteOf(facts: QueryFacts): { readonly key: string; readonly note: QueryNote } {
    const { queryDigest, asker, purpose, domain, trace, decision, released, content } = facts;
    const key = this.#options.tables.commitmentKey(queryDigest);
    const isFull = this.#options.config.queries === "full";
    const note: QueryNote = {
      kind: "query",
      asker,
      purpose,
      domain,
      query: commitTo(key, queryDigest),
      trace,
      decision,
      released,
      content: isFull ? content : undefined,
    };
    return { key, note };
  }

  #write(note: QueryNote, at: number): Promise<Logged> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ note, at, resolve, reject });
      if (this.#waiting.length > 1) return;
      // Once everything that has arrived was looked at: all that is ready then shares one wait for the disk.
      this.#flushing = new Promise((done) => {
        setImmediate(() => void this.#flush().finally(done));
      });
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      const { size, root, written } = this.#append(batch);
      const { identity, mesh, config, tables, now } = this.#options;
      const signedAt = now();
      const checkpoint = await signCheckpoint(identity, mesh, { size, root, signedAt });
      if (size - tables.checkpointSize() >= config.checkpointEntries) {
        tables.keepCheckpoint(checkpoint);
      }
      for (const { resolve, entry, proof } of written) resolve({ entry, proof, checkpoint });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  #append(batch: readonly Waiting[]) {
    const { tables } = this.#options;
    return tables.transact(() => {
      const entries = batch.map(({ note, at, resolve }) => ({
        entry: queryEntry(tables.append(note, at)),
        resolve,
      }));
      const size = tables.size();
      const read = remembering(tables.node);
      const written = entries.map(({ entry, resolve }) => {
        const proof = inclusionProof(entry.index, size, read).map(toBase64Url);
        return { entry, proof, resolve };
      });
      return { size, root: rootOf(size, read), written };
    });
  }
}

/** Proofs of neighbours share most of their nodes. */
function remembering(read: ReadNode): ReadNode {
  const known = new Map<number, Uint8Array>();
  return (level, index) => {
    const position = nodePosition(level, index);
    const hash = known.get(position) ?? read(level, index);
    known.set(position, hash);
    return hash;
  };
}

function queryEntry(entry: AuditEntry): QueryEntry {
  if (entry.kind !== "query") throw new TypeError(`a ${entry.kind} is no query`);
  return entry;
}
