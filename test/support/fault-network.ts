/**
 * The network between the organisations of a test: a proxy before every Worker and every origin, which knows
 * who sends what to whom, counts it, and treats messages as the test's rules say.
 */
import type { LocalOrganisation } from "../../client/cli/local-mesh/local-mesh.ts";
import {
  startRecordingProxy,
  type Arrival,
  type Exchange,
  type RecordingProxy,
  type Treatment,
} from "./recording-proxy.ts";

export interface Message {
  /** The slug of who signed it; undefined for a stranger, or a client of an organisation. */
  readonly from: string | undefined;
  readonly to: string;
  readonly kind: "mesh" | "origin";
  readonly method: string;
  readonly path: string;
}

/** What to do with a message; undefined leaves it to the next rule. */
export type Rule = (message: Message) => Treatment | undefined;

/** What went from one organisation to another. */
export interface Traffic {
  readonly from: string;
  readonly to: string;
  readonly kind: "mesh" | "origin";
  readonly path: string;
  requests: number;
  /** Of bodies, both ways. */
  bytes: number;
  /** Requests that some rule was applied to. */
  treated: number;
}

export class FaultNetwork {
  readonly #proxies = new Map<string, RecordingProxy>();
  readonly #slugs = new Map<string, string>();
  readonly #rules = new Set<Rule>();
  readonly #traffic = new Map<string, Traffic>();

  /** For `LocalMeshOptions.interpose`. */
  readonly interpose = async (
    kind: "mesh" | "origin",
    slug: string,
    url: string,
  ): Promise<string> => {
    const proxy = await startRecordingProxy(url, {
      treat: (arrival) => this.#treat(kind, slug, arrival),
      onExchange: (exchange) => this.#count(kind, slug, exchange),
    });
    this.#proxies.set(`${kind}/${slug}`, proxy);
    return proxy.url;
  };

  /** Tells it who signs as what. */
  introduce(organisations: readonly LocalOrganisation[]): void {
    for (const { slug, identity } of organisations) this.#slugs.set(identity.node, slug);
  }

  /** The URL under which an organisation is known to the others. */
  urlOf(kind: "mesh" | "origin", slug: string): string {
    const proxy = this.#proxies.get(`${kind}/${slug}`);
    if (!proxy) throw new Error(`nothing is before the ${kind} of ${slug}`);
    return proxy.url;
  }

  /** Adds a rule before all others; the function returned takes it away. */
  apply(rule: Rule): () => void {
    this.#rules.add(rule);
    return () => void this.#rules.delete(rule);
  }

  /** Cuts the mesh in two: nothing from one side reaches the other. The function returned heals it. */
  partition(side: readonly string[], how: "break" | "silence" = "break"): () => void {
    const inside = new Set(side);
    return this.apply(({ from, to }) =>
      from !== undefined && inside.has(from) !== inside.has(to) ? { undelivered: how } : undefined,
    );
  }

  /** Nothing reaches these, nor comes from them. */
  isolate(slugs: readonly string[], how: "break" | "silence" = "break"): () => void {
    const cut = new Set(slugs);
    return this.apply(({ from, to }) =>
      from !== to && (cut.has(to) || (from !== undefined && cut.has(from)))
        ? { undelivered: how }
        : undefined,
    );
  }

  get traffic(): readonly Traffic[] {
    return [...this.#traffic.values()];
  }

  /** Takes all rules away. */
  heal(): void {
    this.#rules.clear();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
  }

  #treat(kind: "mesh" | "origin", to: string, { method, path, headers }: Arrival): Treatment {
    const from = this.#sender(String(headers["signature-input"] ?? ""));
    const message = { from, to, kind, method, path };
    for (const rule of [...this.#rules].toReversed()) {
      const treatment = rule(message);
      if (!treatment) continue;
      this.#trafficOf(message).treated += 1;
      return treatment;
    }
    return {};
  }

  #count(kind: "mesh" | "origin", to: string, exchange: Exchange): void {
    const { method, path, requestHeaders, requestBody, responseBody } = exchange;
    const from = this.#sender(requestHeaders);
    const traffic = this.#trafficOf({ from, to, kind, method, path });
    traffic.requests += 1;
    traffic.bytes += requestBody.length + responseBody.length;
  }

  #sender(headers: string): string | undefined {
    const keyId = /keyid="([^"]+)"/.exec(headers)?.[1];
    return keyId === undefined ? undefined : this.#slugs.get(keyId);
  }

  #trafficOf({ from = "", to, kind, path }: Message): Traffic {
    const name = [from, to, kind, path].join(" ");
    const known = this.#traffic.get(name);
    if (known) return known;
    const traffic = { from, to, kind, path, requests: 0, bytes: 0, treated: 0 };
    this.#traffic.set(name, traffic);
    return traffic;
  }
}
