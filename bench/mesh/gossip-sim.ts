/** Gossip in simulated time: the protocol's own exchange between nodes that know what they were told, no more. */
import type { Random } from "../../examples/random.ts";
import {
  BUCKETS,
  GossipExchange,
  News,
  Pace,
  PEERS_PER_ROUND,
  answerGossip,
  type GossipRequest,
  type GossipResponse,
} from "../../protocol/index.ts";
import { DRAIN_S, RENEW_S, type Inhabitant } from "./population.ts";
import { Knowledge, StatementTable, type SimStatement } from "./statements.ts";

/** The node's default. */
export const GOSSIP_S = 30;
/** Signature, digest and other header fields of a request or an answer. */
const HEADER_BYTES = 700;
/** `"…",` around a hash of 11 characters. */
const HASH_BYTES = 14;
/** Tries to draw a peer that is live in the view, as a list of them would give at once. */
const DRAWS_MAX = 200;
/** A statement counts as known when so many of the live nodes have it. */
const KNOWN_SHARE = 0.99;

export interface SimNode extends Inhabitant {
  readonly index: number;
  readonly knowledge: Knowledge;
  readonly news: News<number>;
  readonly pace: Pace;
  nextRoundAt: number;
  isAlive: boolean;
}

interface Spread {
  readonly madeAt: number;
  readonly isUrgent: boolean;
  known: number;
}

export interface GossipFigures {
  readonly messages: number;
  readonly bytes: number;
  readonly rounds: number;
  /** Seconds from a statement's making until 99 % of the live nodes had it, sorted. */
  readonly convergence: readonly number[];
  /** The same of revocations. */
  readonly revocations: readonly number[];
  /** Statements made and not known to 99 % at the end. */
  readonly unfinished: number;
}

export class GossipSim {
  readonly nodes: readonly SimNode[];
  readonly #random: Random;
  readonly #table: StatementTable;
  readonly #descriptorBytes: number;
  readonly #spreading = new Map<number, Spread>();
  readonly #convergence: number[] = [];
  readonly #revocations: number[] = [];
  readonly #onNews: (node: SimNode, subject: number) => void;
  #alive = 0;
  #messages = 0;
  #bytes = 0;
  #rounds = 0;
  #clock = 0;

  /** `onNews` hears of every subject that a node learns something of. */
  constructor(
    population: readonly Inhabitant[],
    descriptorBytes: number,
    random: Random,
    onNews: (node: SimNode, subject: number) => void,
  ) {
    this.#random = random;
    this.#onNews = onNews;
    this.#descriptorBytes = descriptorBytes;
    this.#table = new StatementTable(population, descriptorBytes);
    this.nodes = population.map((inhabitant, index) => ({
      ...inhabitant,
      index,
      knowledge: new Knowledge(this.#table),
      news: new News<number>(),
      pace: new Pace(),
      nextRoundAt: inhabitant.arrivesAt + random.unit() * GOSSIP_S,
      isAlive: false,
    }));
    this.#begin();
  }

  /** Live nodes. */
  get alive(): number {
    return this.#alive;
  }

  get figures(): GossipFigures {
    return {
      messages: this.#messages,
      bytes: this.#bytes,
      rounds: this.#rounds,
      convergence: this.#convergence.toSorted((a, b) => a - b),
      revocations: this.#revocations.toSorted((a, b) => a - b),
      unfinished: this.#spreading.size,
    };
  }

  /** Goes on by one second. Returns the nodes that arrived or departed in it. */
  step(): void {
    const from = this.#clock;
    const to = from + 1;
    const isDue = (at: number): boolean => at >= from && at < to;
    for (const node of this.nodes) {
      if (isDue(node.arrivesAt) && !node.isAlive) this.#arrive(node);
      if (!node.isAlive) continue;
      this.#depart(node, isDue);
      if (!node.isAlive) continue;
      if (isDue(from + ((((node.phase - from) % RENEW_S) + RENEW_S) % RENEW_S)))
        this.#say(node, node, LIVE);
      if (isDue(node.nextRoundAt)) {
        node.nextRoundAt += this.#pause(node);
        this.#round(node);
      }
    }
    this.#clock = to;
  }

  /** All who are there from the start know each other. */
  #begin(): void {
    const first = this.nodes.filter(({ arrivesAt }) => arrivesAt === 0);
    for (const node of first) {
      node.isAlive = true;
      const number = this.#table.make({ subject: node.index, madeAt: 0, ...LIVE });
      for (const other of first) other.knowledge.merge(number);
    }
    this.#alive = first.length;
  }

  #arrive(node: SimNode): void {
    node.isAlive = true;
    this.#alive += 1;
    this.#say(node, node, LIVE);
    // Its invitation names a member: it is told of all others there.
    const seed = this.#someone((other) => other.isAlive && other !== node);
    if (seed) this.#exchange(node, seed);
  }

  #depart(node: SimNode, isDue: (at: number) => boolean): void {
    if (node.departure === "leaves" && isDue(node.departsAt - DRAIN_S))
      this.#say(node, node, DRAINING);
    if (!isDue(node.departsAt)) return;
    if (node.departure === "leaves") {
      this.#say(node, node, GONE);
      // It tells two members before it goes.
      this.#round(node);
    }
    node.isAlive = false;
    this.#alive -= 1;
    if (node.departure !== "is revoked") return;
    const founder = this.#someone((other) => other.isAlive);
    if (founder) this.#say(founder, node, REVOKED);
  }

  #say(by: SimNode, subject: SimNode, what: Omit<SimStatement, "subject" | "madeAt">): void {
    const statement = { subject: subject.index, madeAt: this.#clock, ...what };
    const number = this.#table.make(statement);
    const { isUrgent = false } = what;
    this.#spreading.set(number, { madeAt: this.#clock, isUrgent, known: 0 });
    this.#merge(by, [number]);
  }

  /** Seconds until the node's next round. */
  #pause(node: SimNode): number {
    return node.pace.next(GOSSIP_S * 1000, this.#random.unit()) / 1000;
  }

  #round(node: SimNode): void {
    this.#rounds += 1;
    for (let i = 0; i < PEERS_PER_ROUND; i++) {
      const peer = this.#someone(
        (other) => other !== node && node.knowledge.of(other.index)?.isLive === true,
      );
      if (peer) this.#exchange(node, peer);
    }
  }

  #exchange(asker: SimNode, answerer: SimNode): void {
    const exchange = new GossipExchange(asker.knowledge, this.#random.below(BUCKETS));
    let request: GossipRequest<number> | undefined = exchange.open(asker.news.take());
    while (request) {
      this.#count(requestBytes(request, this.#descriptorBytes));
      if (!answerer.isAlive) return;
      this.#merge(answerer, request.statements);
      const answer: GossipResponse<number> = answerGossip(answerer.knowledge, request, () =>
        answerer.news.take(),
      );
      this.#count(answerBytes(answer, this.#descriptorBytes));
      this.#merge(asker, answer.statements);
      request = exchange.next(answer);
    }
  }

  #merge(node: SimNode, numbers: readonly number[]): void {
    for (const number of numbers) {
      if (!node.knowledge.merge(number)) continue;
      const item = this.#table.items[number];
      const subject = this.#table.statements[number]?.subject ?? 0;
      if (item) node.news.add(String(subject), item);
      if (this.#table.statements[number]?.isUrgent) {
        node.pace.hurry();
        node.nextRoundAt = this.#clock + 1 + this.#pause(node);
      }
      this.#onNews(node, subject);
      const spread = this.#spreading.get(number);
      if (!spread) continue;
      spread.known += 1;
      if (spread.known < KNOWN_SHARE * this.#alive) continue;
      const list = spread.isUrgent ? this.#revocations : this.#convergence;
      list.push(this.#clock - spread.madeAt);
      this.#spreading.delete(number);
    }
  }

  #count(bytes: number): void {
    this.#messages += 1;
    this.#bytes += bytes + HEADER_BYTES;
  }

  #someone(isWanted: (node: SimNode) => boolean): SimNode | undefined {
    for (let i = 0; i < DRAWS_MAX; i++) {
      const node = this.#random.pick(this.nodes);
      if (isWanted(node)) return node;
    }
    return undefined;
  }
}

const LIVE = { isPlaced: true, isLive: true };
const DRAINING = { isPlaced: false, isLive: true };
const GONE = { isPlaced: false, isLive: false };
const REVOKED = { isPlaced: false, isLive: false, isUrgent: true };

function requestBytes({ statements, held }: GossipRequest<number>, descriptor: number): number {
  const hashes = (held ?? []).reduce((sum, { hashes: list }) => sum + 2 + list.length, 0);
  return statements.length * descriptor + hashes * HASH_BYTES;
}

function answerBytes({ statements, buckets, wants }: GossipResponse<number>, descriptor: number) {
  const hashes = (buckets?.length ?? 0) + (wants?.length ?? 0);
  return statements.length * descriptor + hashes * HASH_BYTES;
}
