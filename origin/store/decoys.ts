/**
 * Decoys: entries behind which there is no record. Each is the signature of a profile put together from features of
 * different ones, chosen by the database's secret, so it looks like a real one and answers nothing.
 */
import { createHmac } from "node:crypto";
import { signatureOf, type CompiledDomain, type EncodedProfile } from "../../protocol/index.ts";
import type { Publication } from "./publication.ts";

/** Below it, a decoy would be too near to a real profile. */
const SOURCES_MIN = 2;

export interface Decoy {
  readonly signature: Uint8Array;
  readonly count: number;
}

/** The decoys with these numbers; none while there is too little to make them of. */
export function makeDecoys(
  compiled: CompiledDomain,
  publication: Publication,
  sources: readonly EncodedProfile[],
  secret: Uint8Array,
  numbers: readonly number[],
): Decoy[] {
  if (sources.length < SOURCES_MIN) return [];
  const draw = (label: string, below: number): number =>
    createHmac("sha256", secret)
      .update(`outcome-mesh/decoy/v1\0${compiled.id}\0${label}`)
      .digest()
      .readUInt32BE() % below;
  return numbers.map((i) => {
    const profile = compiled.features.map(
      (_, feature) => sources[draw(`${i}/${feature}`, sources.length)]?.[feature],
    );
    const { groupSize, minimumCount } = publication;
    const least = Math.max(groupSize, minimumCount);
    return {
      signature: signatureOf(compiled, profile),
      count: least + (groupSize > 1 ? draw(`${i}/count`, groupSize) : 0),
    };
  });
}
