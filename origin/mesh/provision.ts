/** Gives the own Worker the ontologies and domains that this origin serves, and its sealing key. */
import {
  canonicalBytes,
  utf8Bytes,
  type HeldDomains,
  type OntologyId,
  type PeerTarget,
  type SealingKey,
} from "../../protocol/index.ts";
import type { LoadedDomains } from "../domains.ts";
import { logEvent } from "../log.ts";
import type { PeerClient, FailureCode, PeerRequest } from "./peer-client.ts";
import { pause } from "./publisher.ts";

const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 30_000;

export interface ProvisionOptions {
  readonly client: PeerClient;
  /** The own Worker. */
  readonly own: PeerTarget;
  readonly loaded: LoadedDomains;
  readonly sealingKey: SealingKey;
  /** Whether the origin is asked over its link. */
  readonly linked: boolean;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/** Tries until the Worker has all: it may start later than the origin. Each new reason is logged once. */
export async function provisionWorker(options: ProvisionOptions): Promise<void> {
  let told: FailureCode | undefined;
  for (let attempt = 0; !options.signal.aborted; attempt++) {
    const failure = await provisionOnce(options);
    if (failure === undefined) return;
    if (failure !== told && !options.signal.aborted) {
      logEvent("worker-not-provisioned", { reason: failure }, "warn");
    }
    told = failure;
    const wait = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt, 20));
    await pause(wait * (0.5 + Math.random() / 2), options.signal);
  }
}

/** The ontologies first: a domain needs them. Returns why it failed. */
async function provisionOnce({
  client,
  own,
  loaded,
  sealingKey,
  linked,
}: ProvisionOptions): Promise<FailureCode | undefined> {
  const requests = [
    ...[...loaded.ontologies].map(([id, bytes]: [OntologyId, Uint8Array<ArrayBuffer>]) =>
      put(`/v1/ontologies/${id}`, bytes, "application/octet-stream"),
    ),
    ...loaded.domains.map(({ id, domain }) =>
      put(`/v1/domains/${id}`, canonicalBytes(domain), "application/json"),
    ),
    // The node's descriptor says in which domains there are outcomes here, to which key to seal queries, and where to ask.
    put("/v1/node/holdings", holdingsOf(loaded, sealingKey, linked), "application/json"),
  ];
  for (const request of requests) {
    const answer = await client.put(own, request);
    if (!answer.ok) return answer.error;
  }
  return undefined;
}

function holdingsOf(
  { domains }: LoadedDomains,
  sealingKey: SealingKey,
  linked: boolean,
): Uint8Array<ArrayBuffer> {
  const holdings: HeldDomains = { domains: domains.map(({ id }) => id), sealingKey, linked };
  return utf8Bytes(JSON.stringify(holdings));
}

function put(path: string, body: Uint8Array<ArrayBuffer>, mediaType: string): PeerRequest {
  return { method: "PUT", path, body, mediaType };
}
