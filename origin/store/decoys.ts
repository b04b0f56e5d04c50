/**
 * Decoys: entries behind which there is no record. Each is the signature of a profile put together from features of
 * different ones, chosen by the database's secret, so it looks like a real one and answers nothing.
 */
import { createHmac } from "node:crypto";
import {
  signatureOf,
  toBase64Url,
  type CompiledDomain,
  type EncodedProfile,
} from "../../protocol/index.ts";
import type { Publication } from "./publication.ts";

/** Below it, a decoy would be too near to a real profile. */
const SOURCES_MIN = 2;

export interface Decoy {
  readonly signature: Uint8Array;
  readonly count: number;
}

/** For each decoy that is wanted, so many are drawn at most: the others are there already, with records or without. */
const DRAWS_EACH = 100;

export interface DecoyOptions {
  readonly publication: Publication;
  /** Profiles whose features are mixed. */
  readonly sources: readonly EncodedProfile[];
  readonly secret: Uint8Array;
  readonly wanted: number;
  /** Makes a signature what is published of it, so that a decoy is noisy where others are. */
  readonly withNoise: (signature: Uint8Array) => Uint8Array;
  readonly isTaken: (signature: Uint8Array) => boolean;
}

/** As many as are wanted, or as there can be of these sources. */
export function makeDecoys(
  compiled: CompiledDomain,
  { publication, sources, secret, wanted, withNoise, isTaken }: DecoyOptions,
): Decoy[] {
  const { groupSize, minimumCount } = publication;
  const least = Math.max(groupSize, minimumCount);
  const draw = (label: string, below: number): number =>
    createHmac("sha256", secret)
      .update(`outcome-mesh/decoy/v1\0${compiled.id}\0${label}`)
      .digest()
      .readUInt32BE() % below;
  const decoys = new Map<string, Decoy>();
  if (sources.length < SOURCES_MIN) return [];
  for (let i = 0; i < DRAWS_EACH * wanted && decoys.size < wanted; i++) {
    const profile = compiled.features.map(
      (_, feature) => sources[draw(`${i}/${feature}`, sources.length)]?.[feature],
    );
    const signature = withNoise(signatureOf(compiled, profile));
    if (isTaken(signature)) continue;
    const count = least + (groupSize > 1 ? draw(`${i}/count`, groupSize) : 0);
    decoys.set(toBase64Url(signature), { signature, count });
  }
  return [...decoys.values()];
}
