/** What becomes known of one query on its way, until it is logged: with its answer, or as refused. */
import {
  answerDigest,
  contentDigest,
  Refusal,
  traceIdOf,
  type Answer,
  type Decision,
  type NodeId,
  type OriginQuery,
  type ProblemCode,
  type Receipt,
} from "../../protocol/index.ts";
import type { AuditLog, QueryFacts } from "./audit-log.ts";

/** Codes of the guard, which answers as often as it is asked: a member must not fill the disk with them. */
const GUARD_CODES: ReadonlySet<string> = new Set<ProblemCode>([
  "rate-limited",
  "unauthorized",
  "not-ready",
]);
/** Of one member's refusals with one of these codes, one is logged in this time. */
const GUARD_QUIET_MS = 60_000;

const RELEASED: Decision = { outcome: "released", reasons: [] };

/** Begins the trails of an origin's queries. */
export class QueryTrails {
  readonly #log: AuditLog;
  readonly #now: () => number;
  /** When a member's refusal by the guard was logged last, by member and code. */
  readonly #quietSince = new Map<string, number>();

  constructor(log: AuditLog, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  begin(headers: Headers): QueryTrail {
    return new QueryTrail(this.#log, this.#now, headers, (asker, code) =>
      this.#isLoud(asker, code),
    );
  }

  #isLoud(asker: NodeId, code: string): boolean {
    if (!GUARD_CODES.has(code)) return true;
    const name = `${asker}/${code}`;
    const now = this.#now();
    if (now - (this.#quietSince.get(name) ?? -Infinity) < GUARD_QUIET_MS) return false;
    this.#quietSince.set(name, now);
    return true;
  }
}

export class QueryTrail {
  readonly #log: AuditLog;
  readonly #now: () => number;
  readonly #isLoud: (asker: NodeId, code: string) => boolean;
  readonly #trace: string | undefined;
  #asker: NodeId | undefined;
  #digest: string | undefined;
  #query: OriginQuery | undefined;
  #decision: Decision | undefined;
  #isLogged = false;

  constructor(
    log: AuditLog,
    now: () => number,
    headers: Headers,
    isLoud: (asker: NodeId, code: string) => boolean,
  ) {
    this.#log = log;
    this.#now = now;
    this.#isLoud = isLoud;
    this.#trace = traceIdOf(headers.get("traceparent"));
  }

  /** Who asks, once that is verified. */
  sender(asker: NodeId): void {
    this.#asker = asker;
  }

  /** The bytes that were asked with: those that an answer names. */
  body(body: Uint8Array): void {
    this.#digest = contentDigest(body);
  }

  query(query: OriginQuery): void {
    this.#query = query;
  }

  /** What policy decided, also where nothing is answered. */
  decided(decision: Decision): void {
    this.#decision = decision;
  }

  /** Logs the answer, which must not leave before this resolves. `count` is of the cases that it tells of. */
  async answered(answer: Answer, count: number = answer.results.length): Promise<Receipt> {
    if (this.#asker === undefined) throw new Error("an answer to no one");
    const references = answer.results.map(({ reference }) => reference);
    const receipt = await this.#log.append({
      ...this.#facts(this.#asker, answer.query, this.#decision ?? RELEASED, answer.answeredAt),
      released: { count, references },
      answerDigest: answerDigest(answer),
    });
    this.#isLogged = true;
    return receipt;
  }

  /** Logs why there is no answer, where it is known who asked. */
  async failed(error: unknown): Promise<void> {
    // What was logged as answered may have left, for all that the log knows.
    if (this.#isLogged || this.#asker === undefined || this.#digest === undefined) return;
    const code = error instanceof Refusal ? error.code : "internal";
    if (!this.#isLoud(this.#asker, code)) return;
    const decision: Decision =
      this.#decision?.outcome === "refused"
        ? this.#decision
        : { outcome: "refused", reasons: [code] };
    await this.#log.refuse(this.#facts(this.#asker, this.#digest, decision, this.#now()));
  }

  #facts(asker: NodeId, queryDigest: string, decision: Decision, answeredAt: number): QueryFacts {
    return {
      asker,
      purpose: this.#query?.purpose,
      domain: this.#query?.domain,
      trace: this.#trace,
      content: this.#query && { ...this.#query },
      queryDigest,
      decision,
      released: { count: 0, references: [] },
      answeredAt,
    };
  }
}
