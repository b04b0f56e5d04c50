/**
 * `fetch` for the origin's calls of other organisations. A name that is public may still lead to an address that
 * is not: addresses are checked where the connection is made, with the very one that it is made to. Redirects are
 * not followed, and nothing is sent twice, as `fetch` does on a 421.
 */
import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { Agent, request } from "undici";
import { isPublicAddress, type Fetch } from "../../protocol/index.ts";

/** Statuses whose answer has no body, and of which a `Response` takes none. */
const WITHOUT_BODY = new Set([204, 205, 304]);

export interface PublicFetch {
  readonly fetch: Fetch;
  /** Ends all connections. */
  close(): Promise<void>;
}

export interface PublicFetchOptions {
  /** Names that may lead to addresses that are not public: the own Worker's, and what the operator allows. */
  readonly allowedHosts: readonly string[];
  /** Resolves a name; by default as the system does. */
  readonly resolve?: (hostname: string) => Promise<LookupAddress[]>;
}

export function createPublicFetch({
  allowedHosts,
  resolve = (hostname) => lookup(hostname, { all: true }),
}: PublicFetchOptions): PublicFetch {
  const allowed = new Set(allowedHosts);
  const checked: LookupFunction = (hostname, { all }, callback) => {
    resolve(hostname).then(
      (found) => {
        const usable = allowed.has(hostname)
          ? found
          : found.filter(({ address }) => isPublicAddress(address));
        const [first] = usable;
        if (!first) callback(new Error(`${hostname} leads to no public address`), []);
        else if (all) callback(null, usable);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)), []);
      },
    );
  };
  const agent = new Agent({ connect: { lookup: checked } });
  return {
    fetch: async (url, { method, headers, body, signal }) => {
      const content = body ?? null;
      const call = { dispatcher: agent, method, headers, body: content, signal };
      const answer = await request(url, call);
      const { statusCode: status } = answer;
      const fields = Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
        value === undefined ? [] : [value].flat().map((one) => [name, one]),
      );
      if (WITHOUT_BODY.has(status)) {
        await answer.body.dump();
        return new Response(null, { status, headers: fields });
      }
      return new Response(ReadableStream.from(answer.body), { status, headers: fields });
    },
    close: () => agent.destroy(),
  };
}
