/** The domain document: an expert's similarity template, content-addressed so that equal documents give equal keys. */
import { z } from "zod";
import canonicalize from "canonicalize";
import { utf8Bytes } from "../bytes.ts";
import { featureSpecSchema } from "../features/index.ts";
import { contentId, domainIdSchema, type DomainId } from "../ids.ts";
import { parseJson } from "../json.ts";
import { err, issuesOf, ok, type Issue, type Result } from "../result.ts";
import { domainKeySchema } from "./key.ts";
import { valueFieldsSchema } from "./values.ts";

/** A domain is fetched by peers and kept by shards: large enough for 10,000 category values. */
export const DOMAIN_MAX_BYTES = 262_144;

/** Below it 1 symbol in 150 says anything: no signature has symbols enough to be found by. */
const EPSILON_MIN = 1;
/** Above it less than 1 symbol in 10^6 changes, which is no privacy and looks like some. */
const EPSILON_MAX = 20;

/** How signatures are made and looked up; `domain calibrate` proposes them from a sample. */
export const signatureSettingsSchema = z.strictObject({
  /** S: symbols, one byte each. */
  symbols: z.int().min(16).max(1024),
  /** T: trees, and so root keys and lookups, of one signature. */
  trees: z.int().min(1).max(64),
  /** Symbols of a path that make the root key. */
  rootDepth: z.int().min(1).max(4),
  /** Entries that a lookup examines of each branch of a tree. */
  candidates: z.int().min(10).max(5000),
  /** Orders in which each tree reads what follows its root: more are found at one root key. 1 where absent. */
  branches: z.int().min(1).max(16).optional(),
  /** Present in a keyed domain: what its hash families derive from is a secret of its members. */
  key: domainKeySchema.optional(),
  /** Of the randomised response on each symbol that is published; absent for none. */
  epsilon: z.number().min(EPSILON_MIN).max(EPSILON_MAX).optional(),
});

export const domainSchema = z
  .strictObject({
    outcomeMesh: z.literal(1, "must be 1, the version of the domain format"),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "must be kebab-case, at most 64 characters"),
    title: z.string().min(1).max(200),
    description: z.string().max(4000).optional(),
    features: z.array(featureSpecSchema).min(1, "needs at least one feature").max(256),
    /** What was done. The first field names the intervention that outcomes are grouped by. */
    intervention: valueFieldsSchema,
    /** How it ended. The first field is the one that a synthesis estimates. */
    result: valueFieldsSchema,
    signature: signatureSettingsSchema,
  })
  .refine((d) => new Set(d.features.map((f) => f.name)).size === d.features.length, {
    path: ["features"],
    message: "feature names must differ",
  })
  .refine((d) => d.signature.symbols >= d.features.length, {
    path: ["signature", "symbols"],
    message: "must be at least the number of features",
  });
export type Domain = z.infer<typeof domainSchema>;

/** Parses the JSON text of a domain; the issues name the path of each offending field. */
export function parseDomain(text: string): Result<Domain, readonly Issue[]> {
  if (utf8Bytes(text).length > DOMAIN_MAX_BYTES) {
    return err([{ path: "", message: `is larger than ${DOMAIN_MAX_BYTES} bytes` }]);
  }
  const json = parseJson(text);
  if (!json.ok) return err([json.error]);
  const parsed = domainSchema.safeParse(json.value);
  return parsed.success ? ok(parsed.data) : err(issuesOf(parsed.error));
}

/** The bytes whose hash is the domain's id: canonical JSON (RFC 8785). */
export function canonicalBytes(document: unknown): Uint8Array<ArrayBuffer> {
  const text = canonicalize(document);
  if (text === undefined) throw new TypeError("not a JSON document");
  return utf8Bytes(text);
}

export function domainIdOf(domain: Domain): DomainId {
  return domainIdSchema.parse(contentId(canonicalBytes(domain)));
}
