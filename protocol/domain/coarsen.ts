/** Profiles that tell less: one on a coarser grid, and what many have in common. */
import type { CompiledDomain } from "./compile.ts";
import { encodeProfile, type EncodedProfile, type Profile } from "./profile.ts";

/** On the grid of `coarseness` (0 leaves it as it is, at most 1). Coarsening again changes nothing. */
export function coarsenProfile(
  compiled: CompiledDomain,
  values: EncodedProfile,
  coarseness: number,
): EncodedProfile {
  if (coarseness === 0) return values;
  const raw = eachFeature(compiled, (i) => {
    const value = values[i];
    return value === undefined ? undefined : compiled.features[i]?.coarsen(value, coarseness);
  });
  return encodeKnown(compiled, raw);
}

/** What `profiles` (at least one) have in common; a feature that most of them lack is missing. */
export function typicalProfile(
  compiled: CompiledDomain,
  profiles: readonly EncodedProfile[],
): Profile {
  return eachFeature(compiled, (i) => {
    const values = profiles.flatMap((profile) => profile[i] ?? []);
    if (2 * values.length < profiles.length || values.length === 0) return undefined;
    return compiled.features[i]?.typical(values);
  });
}

/** Encodes a profile that was made of encoded ones; one without any value is all missing. */
export function encodeKnown(compiled: CompiledDomain, profile: Profile): EncodedProfile {
  const encoded = encodeProfile(compiled, profile);
  return encoded.ok ? encoded.value.values : compiled.features.map(() => undefined);
}

function eachFeature(compiled: CompiledDomain, valueOf: (i: number) => unknown): Profile {
  return Object.fromEntries(
    compiled.features.flatMap(({ name }, i) => {
      const value = valueOf(i);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
