/**
 * What organisations do all the time: deposit outcomes, withdraw them, ask queries. Everything is entered in a
 * ledger. A case is a profile that several organisations have a record of: one query about it checks them all.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import { z } from "zod";
import type { Random } from "../../../examples/random.ts";
import { statusReportSchema } from "../../../origin/index.ts";
import {
  encodeProfile,
  queryResponseSchema,
  routeResponseSchema,
  signatureOf,
  toBase64Url,
  type QueryResponse,
} from "../../../protocol/index.ts";
import type { FaultMesh } from "./fault-mesh.ts";
import { Ledger, type EntryState, type Finding } from "./ledger.ts";

/** For a machine with two cores and twelve organisations; what is asked for, not what is usual. */
const DEADLINE_MS = 8_000;
/** A deadline is kept by the gateway: its answer still has to be carried here, on a machine that is busy. */
const CARRIAGE_MS = 1_000;
/** Enough that a check in a mesh cut in two, where half of all lookups wait out their deadline, ends in minutes. */
const CHECKS_AT_ONCE = 8;
const DEPOSITS_AT_ONCE = 4;
/** Of an entry whose signature is the query's own; others are far from it. */
const ESTIMATE_OF_SAME = 0.999;

const publicationSchema = z.object({
  publication: z.object({ entries: z.int(), acknowledged: z.int() }),
});

/** How much of it there is. */
export interface Intensity {
  /** Organisations that deposit a record of each new case. */
  readonly depositors: number;
  /** Between one query and the next. */
  readonly pauseMs: number;
}

export class Workload {
  readonly ledger = new Ledger();
  readonly #mesh: FaultMesh;
  readonly #random: Random;
  readonly #intensity: Intensity;
  readonly #down = new Set<string>();
  #cases = 0;
  #asking: Promise<void> | undefined;
  #isAsking = false;

  constructor(mesh: FaultMesh, random: Random, intensity: Intensity) {
    this.#mesh = mesh;
    this.#random = random;
    this.#intensity = intensity;
  }

  /** Organisations that are up. */
  get live(): string[] {
    return this.#mesh.local.organisations
      .map(({ slug }) => slug)
      .filter((slug) => !this.#down.has(slug));
  }

  /** While an organisation is down, nothing is asked of it. */
  markDown(...slugs: readonly string[]): void {
    for (const slug of slugs) this.#down.add(slug);
  }

  markUp(...slugs: readonly string[]): void {
    for (const slug of slugs) this.#down.delete(slug);
  }

  /** A new case, of which each of `slugs` deposits a record. Returns its number. */
  async depositCase(slugs: readonly string[] = this.live): Promise<number> {
    const number = this.#cases;
    this.#cases += 1;
    const limit = pLimit(DEPOSITS_AT_ONCE);
    await Promise.all(slugs.map((slug) => limit(() => this.deposit(number, slug))));
    return number;
  }

  async deposit(number: number, slug: string): Promise<boolean> {
    this.ledger.set(number, slug, "unsure");
    const record = {
      id: `case-${number}`,
      profile: profileOf(number),
      intervention: { treatment: number % 2 === 0 ? "a" : "b" },
      result: { recovered: number % 3 !== 0 },
    };
    const body = JSON.stringify({ domain: this.#mesh.domain.id, record });
    return this.#tell(number, slug, "acknowledged", { method: "POST", path: "/v1/outcomes", body });
  }

  async withdraw(number: number, slug: string): Promise<boolean> {
    this.ledger.set(number, slug, "unsure");
    const path = `/v1/outcomes/${this.#mesh.domain.id}/case-${number}`;
    return this.#tell(number, slug, "withdrawn", { method: "DELETE", path });
  }

  /** Some organisations deposit a new case, and some withdraw one that they hold. */
  async churn(): Promise<void> {
    const { live } = this;
    await this.depositCase(this.#random.sample(live, this.#intensity.depositors));
    const held = this.ledger.cases.flatMap((number) =>
      this.ledger
        .slugs(number, "acknowledged")
        .filter((slug) => live.includes(slug))
        .map((slug) => ({ number, slug })),
    );
    for (const { number, slug } of this.#random.sample(held, 2)) await this.withdraw(number, slug);
  }

  /** Asks queries of random live organisations, one after another, until `stopAsking`. */
  startAsking(): void {
    this.#isAsking = true;
    this.#asking = (async () => {
      while (this.#isAsking) {
        if (this.#cases > 0) await this.query(this.#random.pick(this.live), this.#randomCase());
        await sleep(this.#intensity.pauseMs);
      }
    })();
  }

  async stopAsking(): Promise<void> {
    this.#isAsking = false;
    await this.#asking;
  }

  /** One query, entered in the ledger; undefined where it was not answered. */
  async query(
    asker: string,
    number: number,
    more: object = {},
  ): Promise<QueryResponse | undefined> {
    const { meshUrl, requesterToken } = this.#mesh.local.organisation(asker);
    const startedAt = performance.now();
    let detail = "";
    let answer: QueryResponse | undefined;
    try {
      const response = await fetch(`${meshUrl}/v1/query`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${requesterToken}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({
          domain: this.#mesh.domain.id,
          profile: profileOf(number),
          k: 12,
          deadlineMs: DEADLINE_MS,
          ...more,
        }),
        signal: AbortSignal.timeout(DEADLINE_MS + 10 * CARRIAGE_MS),
      });
      const text = await response.text();
      if (response.status === 200) answer = queryResponseSchema.parse(JSON.parse(text));
      else detail = `${response.status} ${text}`;
    } catch (error) {
      detail = String(error);
    }
    const milliseconds = performance.now() - startedAt;
    const isDown = this.#down.has(asker) || !this.#mesh.local.isWorkerUp(asker);
    const isLate = milliseconds > DEADLINE_MS + CARRIAGE_MS;
    const end = answer ? (isLate ? "late" : "answered") : isDown ? "asker-down" : "failed";
    this.ledger.note({ asker, deadlineMs: DEADLINE_MS, milliseconds, end, detail });
    return answer;
  }

  /** Asks each of `askers` where every case is, and one whole query; returns what is amiss. */
  async check(askers: readonly string[] = this.live): Promise<Finding[]> {
    const limit = pLimit(CHECKS_AT_ONCE);
    const asked = askers.flatMap((asker, i) => [
      ...this.ledger.cases.map((number) =>
        limit(async () => this.ledger.judge(asker, number, await this.#locate(asker, number))),
      ),
      limit(() => this.#checkByQuery(asker, this.ledger.cases[i % this.#cases] ?? 0)),
    ]);
    return (await Promise.all(asked)).flat();
  }

  /** The organisations whose entry of the case the mesh finds for `asker`. */
  async #locate(asker: string, number: number): Promise<Set<string>> {
    const { local, domain } = this.#mesh;
    const { meshUrl, requesterToken, identity } = local.organisation(asker);
    const response = await fetch(`${meshUrl}/v1/route`, {
      method: "POST",
      headers: { authorization: `Bearer ${requesterToken}`, "content-type": "application/json" },
      body: JSON.stringify({
        domain: domain.id,
        signature: toBase64Url(signatureOfCase(this.#mesh, number)),
        maxOrigins: 200,
        deadlineMs: DEADLINE_MS,
        delegate: identity.publicKey,
      }),
    });
    if (response.status !== 200) throw new Error(`${asker}: ${await response.text()}`);
    const { origins } = routeResponseSchema.parse(await response.json());
    return new Set(
      origins.flatMap(({ node, estimate }) =>
        estimate >= ESTIMATE_OF_SAME ? [this.#slugOf(node)] : [],
      ),
    );
  }

  /** The same by an exhaustive query, which also asks the origins: those that answer have the record, or not. */
  async #checkByQuery(asker: string, number: number): Promise<Finding[]> {
    const answer = await this.query(asker, number, { exhaustive: true, maxOrigins: 200, k: 200 });
    if (!answer) return [];
    const answered = new Set(
      answer.origins.flatMap(({ node, status }) =>
        status === "answered" ? [this.#slugOf(node)] : [],
      ),
    );
    const found = new Set(
      answer.ranking.flatMap(({ node, score }) => (score === 1 ? [this.#slugOf(node)] : [])),
    );
    // Who did not answer can not be judged by its results.
    return this.ledger.judge(asker, number, found).flatMap((finding) => {
      const slugs = finding.slugs.filter((slug) => answered.has(slug));
      return slugs.length > 0 ? [{ ...finding, slugs }] : [];
    });
  }

  #slugOf(node: string): string {
    const found = this.#mesh.local.organisations.find(({ identity }) => identity.node === node);
    return found?.slug ?? node;
  }

  #randomCase(): number {
    return this.#random.below(this.#cases);
  }

  /** Asks each live organisation's origin what it has yet to tell the mesh, and returns how much that is. */
  async settle(): Promise<number> {
    const waiting = await Promise.all(
      this.live.map(async (slug) => {
        try {
          const response = await this.#operate(slug, { method: "GET", path: "/v1/status" });
          const { outbox } = statusReportSchema.parse(await response.json());
          if (outbox.waiting === 0) this.ledger.settle(slug);
          return outbox.waiting;
        } catch {
          return 1;
        }
      }),
    );
    return waiting.reduce((sum, count) => sum + count, 0);
  }

  /** An organisation's operator tells its origin something; true if the mesh acknowledged all that follows from it. */
  async #tell(
    number: number,
    slug: string,
    state: EntryState,
    request: OperatorRequest,
  ): Promise<boolean> {
    try {
      const response = await this.#operate(slug, request);
      if (!response.ok) return false;
      const { publication } = publicationSchema.parse(await response.json());
      const isDone = publication.acknowledged === publication.entries;
      if (isDone) this.ledger.set(number, slug, state);
      else this.ledger.expect(number, slug, state);
      return isDone;
    } catch {
      return false;
    }
  }

  #operate(slug: string, { method, path, body }: OperatorRequest): Promise<Response> {
    const { originUrl, operatorToken } = this.#mesh.local.organisation(slug);
    return fetch(originUrl + path, {
      method,
      headers: { authorization: `Bearer ${operatorToken}`, "content-type": "application/json" },
      ...(body !== undefined && { body }),
    });
  }
}

interface OperatorRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

/** Each case is unlike every other. */
function profileOf(number: number) {
  return {
    age: 50 * number,
    site: `site-${number}`,
    signs: [`sign-${number}-a`, `sign-${number}-b`],
  };
}

/** The signature that a record of the case has. */
export function signatureOfCase({ domain }: FaultMesh, number: number): Uint8Array {
  const encoded = encodeProfile(domain, profileOf(number));
  if (!encoded.ok) throw new Error("the profile does not encode");
  return signatureOf(domain, encoded.value.values);
}
