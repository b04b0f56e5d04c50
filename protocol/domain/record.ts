/** Outcome records: what an origin keeps, and never gives but as an answer its policy allows. */
import { z } from "zod";
import { err, issuesOf, ok, type Issue, type Result } from "../result.ts";
import type { CompiledDomain } from "./compile.ts";
import { encodeProfile, profileSchema, type CheckedProfile, type Profile } from "./profile.ts";
import { checkValues, type Value } from "./values.ts";

export const recordSchema = z.strictObject({
  id: z.string().min(1).max(256),
  profile: profileSchema,
  intervention: z.record(z.string(), z.unknown()),
  result: z.record(z.string(), z.unknown()),
  /** When the result was observed, RFC 3339 date or date-time. */
  observedAt: z.union([z.iso.date(), z.iso.datetime({ offset: true })]).optional(),
  /** Records of one patient, machine or publication share a group; a query may leave a group out. */
  group: z.string().min(1).max(256).optional(),
});

export interface OutcomeRecord {
  readonly id: string;
  readonly profile: Profile;
  readonly intervention: Record<string, Value>;
  readonly result: Record<string, Value>;
  readonly observedAt?: string | undefined;
  readonly group?: string | undefined;
}

export interface CheckedRecord {
  readonly record: OutcomeRecord;
  readonly profile: CheckedProfile;
}

/** Checks an untrusted record against the domain; the issues name every offending field. */
export function checkRecord(
  compiled: CompiledDomain,
  raw: unknown,
): Result<CheckedRecord, readonly Issue[]> {
  const parsed = recordSchema.safeParse(raw);
  if (!parsed.success) return err(issuesOf(parsed.error));
  const profile = encodeProfile(compiled, parsed.data.profile);
  const intervention = checkValues(
    compiled.interventionSchema,
    parsed.data.intervention,
    "intervention",
  );
  const result = checkValues(compiled.resultSchema, parsed.data.result, "result");
  const profileIssues = profile.ok ? [] : profile.error.map(inProfile);
  const issues = [...profileIssues, ...intervention.issues, ...result.issues];
  if (!profile.ok || issues.length > 0) return err(issues);
  return ok({
    record: { ...parsed.data, intervention: intervention.values, result: result.values },
    profile: { ...profile.value, warnings: profile.value.warnings.map(inProfile) },
  });
}

function inProfile({ path, message }: Issue): Issue {
  return { path: path === "" ? "profile" : `profile.${path}`, message };
}
