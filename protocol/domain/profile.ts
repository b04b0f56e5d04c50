/** Profiles: named values, checked against the domain and encoded for kernels and hash families. */
import { z } from "zod";
import type { FeatureValue } from "../features/index.ts";
import { err, ok, type Issue, type Result } from "../result.ts";
import type { CompiledDomain } from "./compile.ts";

/** A profile as records and queries carry it; the domain says what each value must be. */
export const profileSchema = z.record(z.string().max(64), z.unknown());
export type Profile = z.infer<typeof profileSchema>;

/** A value per feature of the domain, undefined where the profile lacks it. */
export type EncodedProfile = readonly (FeatureValue | undefined)[];

export interface CheckedProfile {
  readonly values: EncodedProfile;
  /** What was left out, such as terms that the ontology does not know. */
  readonly warnings: readonly Issue[];
}

/**
 * Checks and encodes a profile. Absent and null features are missing; a feature that the domain does
 * not have, a value of the wrong kind, or a profile without any value is refused.
 */
export function encodeProfile(
  compiled: CompiledDomain,
  profile: Profile,
): Result<CheckedProfile, readonly Issue[]> {
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const names = new Set(compiled.features.map((feature) => feature.name));
  for (const name of Object.keys(profile)) {
    if (!names.has(name)) issues.push({ path: name, message: "is not a feature of this domain" });
  }
  const values = compiled.features.map((feature) => {
    // Own members only: a feature may have the name of one that every object inherits, such as `constructor`.
    const raw = Object.hasOwn(profile, feature.name) ? profile[feature.name] : undefined;
    if (raw === undefined || raw === null) return undefined;
    const encoded = feature.encode(raw);
    const at = ({ path, message }: Issue): Issue => ({
      path: path === "" ? feature.name : `${feature.name}.${path}`,
      message,
    });
    if (!encoded.ok) {
      issues.push(...encoded.issues.map(at));
      return undefined;
    }
    warnings.push(...encoded.warnings.map(at));
    return encoded.value;
  });
  if (issues.length === 0 && values.every((value) => value === undefined)) {
    issues.push({ path: "", message: "has no value for any feature of this domain" });
  }
  return issues.length > 0 ? err(issues) : ok({ values, warnings });
}
