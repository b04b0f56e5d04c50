/**
 * A query whose profile never reaches the own gateway: the client computes the signature, asks the gateway for
 * pointers only, and calls the origins itself, in its organisation's name, with a key of its own.
 */
import {
  callPolicy,
  encodeProfile,
  openIdentity,
  queryOrigins,
  querySettingsSchema,
  ROUTING_SHARE,
  secretKeyFrom,
  signatureOf,
  toBase64Url,
  type CompiledDomain,
  type Profile,
  type QueryEvent,
  type QuerySettings,
} from "../protocol/index.ts";
import type { Gateway } from "./gateway.ts";
import { ProfileError } from "./profile-error.ts";
import { provenOrigins } from "./route-proof.ts";

export interface PrivateQueryInput extends Partial<QuerySettings> {
  /** Compiled, so that the client can compute the signature: see `client.compile`. */
  readonly domain: CompiledDomain;
  readonly profile: Profile;
}

/** The least time that a gateway takes a request for. */
const ROUTING_MIN_MS = 100;

/** Yields the same events as a query through the gateway. Throws a `ProfileError` if the profile does not fit. */
export async function* privateQuery(
  gateway: Gateway,
  { domain, profile, ...given }: PrivateQueryInput,
  signal?: AbortSignal,
): AsyncGenerator<QueryEvent, void> {
  const startedAt = Date.now();
  const settings = querySettingsSchema.parse(given);
  const checked = encodeProfile(domain, profile);
  if (!checked.ok) throw new ProfileError(checked.error);
  const signature = signatureOf(domain, checked.value.values);
  const identity = await openIdentity(secretKeyFrom(randomBytes(32)));
  const [route, document] = await Promise.all([
    gateway.route(
      {
        domain: domain.id,
        signature: toBase64Url(signature),
        maxOrigins: settings.maxOrigins,
        deadlineMs: Math.max(ROUTING_MIN_MS, Math.floor(settings.deadlineMs * ROUTING_SHARE)),
        delegate: identity.publicKey,
      },
      signal,
    ),
    gateway.nodeDocument(signal),
  ]);
  const origins = await provenOrigins(route, {
    document,
    mesh: gateway.mesh,
    delegate: identity.publicKey,
    now: Date.now(),
  });
  yield* queryOrigins({
    domain,
    profile,
    checked: checked.value,
    signature,
    settings,
    origins,
    routing: route,
    caller: {
      fetch: gateway.fetch,
      identity,
      delegation: route.delegation,
      mesh: route.mesh,
      now: Date.now,
      random: randomBytes,
      // Where the own gateway is not public, origins beside it may be called too.
      mayCall: callPolicy({
        ownUrl: gateway.url,
        allowedHosts: [URL.parse(gateway.url)?.hostname ?? ""],
      }),
      signal,
    },
    startedAt,
  });
}

function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(count));
}
