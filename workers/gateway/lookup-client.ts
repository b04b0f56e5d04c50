/** How one query's lookups are asked: in the own shards, and at other nodes over HTTP, with what it takes counted. */
import {
  fromBase64Url,
  toBase64Url,
  type AskLimits,
  type LookupOutcome,
  type NodeId,
  type Problem,
  type RoutingPlan,
} from "../../protocol/index.ts";
import { learn } from "../../durable-objects/membership-view.ts";
import { logFailure } from "../log.ts";
import { asMember, type MemberContext } from "../node-context.ts";
import { lookupOwnShards } from "../peer/lookup.ts";
import { askPeer } from "./peer-client.ts";
import { health } from "./peer-health.ts";

/** What a node returned: entries of unproven origin. */
export interface Returned {
  readonly origins: readonly ReturnedOrigin[];
  /** Entries that it compared with the query. */
  readonly scanned: number;
}

export interface ReturnedOrigin {
  readonly node: NodeId;
  readonly statements: readonly Uint8Array[];
}

export interface LookupQuery {
  readonly plan: RoutingPlan;
  readonly signature: Uint8Array;
  readonly limit: number;
}

export class LookupClient {
  readonly #query: LookupQuery;
  /** Replaced where another node shows that it is out of date. */
  #member: MemberContext;
  readonly #traffic = { bytesSent: 0, bytesReceived: 0 };

  constructor(member: MemberContext, query: LookupQuery) {
    this.#member = member;
    this.#query = query;
  }

  get member(): MemberContext {
    return this.#member;
  }

  /** Bodies of lookups, to and from other nodes. */
  get traffic(): { readonly bytesSent: number; readonly bytesReceived: number } {
    return this.#traffic;
  }

  /** The nodes that hold a slot and can be asked. */
  readonly replicasOf = (slot: number): NodeId[] => {
    const { view, now } = this.#member;
    return view.placement.replicasOf(slot).filter((node) => {
      const member = view.live(node, now());
      // Before anyone decides whether to leave it out.
      if (member) health.locate(node, member.meshUrl);
      return member !== undefined;
    });
  };

  readonly askOwn = async (trees: readonly number[]): Promise<LookupOutcome<Returned>> => {
    try {
      const { origins, scanned, pending } = await lookupOwnShards(this.#member, {
        ...this.#query,
        trees,
      });
      return {
        ok: true,
        pending,
        answer: {
          origins: origins.map(({ node, statement }) => ({ node, statements: [statement] })),
          scanned,
        },
      };
    } catch (error) {
      // Other replicas hold the same.
      logFailure("own lookup", error);
      return { ok: false, code: "internal" };
    }
  };

  readonly askPeer = async (
    target: NodeId,
    trees: readonly number[],
    limits: AskLimits,
  ): Promise<LookupOutcome<Returned>> => {
    const { view, now } = this.#member;
    const peer = view.live(target, now());
    if (!peer) return { ok: false, code: "lapsed" };
    const { plan, signature, limit } = this.#query;
    const lookup = {
      domain: plan.domainId,
      signature: toBase64Url(signature),
      trees: [...trees],
      limit,
      membership: view.version,
    };
    const { result, bytesSent, bytesReceived } = await askPeer(this.#member, peer, lookup, limits);
    this.#traffic.bytesSent += bytesSent;
    this.#traffic.bytesReceived += bytesReceived;
    if (!result.ok) {
      // Who does not know the domain holds nothing of it, and is none the worse for that.
      if (result.error.code === "unknown-domain") return NOTHING_HELD;
      if (result.error.code === "misdirected") await this.#onMisdirected(result.error.problem);
      return { ok: false, code: result.error.code };
    }
    const { origins, scanned, pending } = result.value;
    return {
      ok: true,
      pending,
      answer: {
        origins: origins.map(({ node, entries }) => ({
          node,
          statements: entries.flatMap(decode),
        })),
        scanned,
      },
    };
  };

  /** The other node's view differs: brings the own up to date with what it sent along. */
  async #onMisdirected(problem: Problem | undefined): Promise<void> {
    const { env, now } = this.#member;
    try {
      await learn(env, problem?.statements ?? [], now());
      this.#member = await asMember(this.#member);
    } catch (error) {
      logFailure("reading the members", error);
    }
  }
}

const NOTHING_HELD: LookupOutcome<Returned> = {
  ok: true,
  pending: [],
  answer: { origins: [], scanned: 0 },
};

/** What is not base64url is nothing that a node could have signed. */
function decode(text: string): Uint8Array[] {
  try {
    return [fromBase64Url(text)];
  } catch {
    return [];
  }
}
