/** What it takes to ask one origin: the query, and the signed answer with its nearest outcomes. */
import {
  ORIGIN_QUERY_PATH,
  contentDigest,
  openIdentity,
  secretKeyFrom,
  signAnswer,
  similarity,
  toBase64Url,
  utf8Bytes,
  type CompiledDomain,
  type EncodedProfile,
  type OriginQuery,
  type OutcomeResult,
  type Profile,
} from "../../protocol/index.ts";
import { nearest } from "../federated/neighbours.ts";
import { MESH, NOW, exchangeBytes } from "../suite/exchange.ts";

export interface Outcome {
  readonly profile: EncodedProfile;
  readonly intervention: OutcomeResult["intervention"];
  readonly result: OutcomeResult["result"];
}

export interface OriginAsk {
  readonly compiled: CompiledDomain;
  readonly raw: Profile;
  readonly profile: EncodedProfile;
  readonly k: number;
}

/** An origin's `k` nearest outcomes by exact similarity, as it answers with them. */
export function rankOutcomes(
  { compiled, profile, k }: OriginAsk,
  outcomes: readonly Outcome[],
): OutcomeResult[] {
  const similarities = outcomes.map((outcome) => similarity(compiled, profile, outcome.profile));
  const scores = Float64Array.from(similarities, ({ score }) => score);
  return nearest(scores, k, () => true).flatMap((i) => {
    const outcome = outcomes[i];
    if (!outcome) return [];
    return {
      // As long as an origin's: a hash.
      reference: toBase64Url(new Uint8Array(16).fill(i)),
      score: scores[i] ?? 0,
      features: Object.fromEntries(
        compiled.features.flatMap(({ name }, f) => {
          const kernel = similarities[i]?.kernels[f];
          return kernel === undefined ? [] : [[name, kernel]];
        }),
      ),
      intervention: outcome.intervention,
      result: outcome.result,
    };
  });
}

/** Request and answer, HTTP headers among them. */
export async function originExchangeBytes(
  ask: OriginAsk,
  outcomes: readonly Outcome[],
): Promise<number> {
  const { compiled, raw, k } = ask;
  const identity = await openIdentity(secretKeyFrom(new Uint8Array(32).fill(1)));
  const query: OriginQuery = { domain: compiled.id, profile: raw, k };
  const answer = await signAnswer(identity, MESH, {
    version: 1,
    node: identity.node,
    domain: compiled.id,
    query: contentDigest(utf8Bytes(JSON.stringify(query))),
    answeredAt: NOW,
    results: rankOutcomes(ask, outcomes),
    warnings: [],
  });
  return exchangeBytes(ORIGIN_QUERY_PATH, query, answer);
}
