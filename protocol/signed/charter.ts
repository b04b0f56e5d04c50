/** The charter: the mesh's founding document. Its hash is the mesh id, so two meshes never mix. */
import { z } from "zod";
import { ByteWriter, fromBase64Url, toBase64Url, utf8Bytes } from "../bytes.ts";
import { contentId, meshIdSchema, publicKeySchema, type MeshId } from "../ids.ts";
import { SLOTS } from "../signature/root-keys.ts";
import { isSoundPublicKey, verifySignature, type Identity } from "./ed25519.ts";
import { signatureSchema, signStatement, signedBytes } from "./statement.ts";

const FOUNDERS_MAX = 10_000;
const threshold = z.int().min(1).max(FOUNDERS_MAX);

/**
 * Who is a member. `open`: whoever describes itself. `founders`: whom `threshold` founders admit. `members`:
 * whom `threshold` members admit. Founders are members from the start.
 */
export const admissionSchema = z.discriminatedUnion("rule", [
  z.strictObject({ rule: z.literal("open") }),
  z.strictObject({ rule: z.literal("founders"), threshold }),
  z.strictObject({ rule: z.literal("members"), threshold }),
]);
export type Admission = z.infer<typeof admissionSchema>;

export const charterStatementSchema = z
  .strictObject({
    version: z.literal(1),
    name: z.string().min(1).max(100),
    /** Keys of the founding organisations, in the order that they sign. */
    founders: z
      .array(publicKeySchema)
      .min(1)
      .max(FOUNDERS_MAX)
      .refine((keys) => new Set(keys).size === keys.length, "founders must differ"),
    admission: admissionSchema,
    /** R: how many nodes hold each slot. */
    replicas: z.int().min(1).max(16),
    /** Into how many parts the root keys are divided. */
    slots: z.literal(SLOTS),
  })
  // At the start the founders are all who may vote: with fewer than the threshold no one could ever join.
  .refine(({ admission, founders }) => thresholdOf(admission) <= founders.length, {
    path: ["admission", "threshold"],
    message: "must not exceed the number of founders",
  });
export type CharterStatement = z.infer<typeof charterStatementSchema>;

export const charterSchema = z.strictObject({
  charter: charterStatementSchema,
  /** One of each founder, in the order of `founders`. */
  signatures: z.array(signatureSchema).min(1).max(FOUNDERS_MAX),
});
export type Charter = z.infer<typeof charterSchema>;

export function encodeCharter(charter: CharterStatement): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
    .u8(charter.version)
    .text(charter.name)
    .u16(charter.founders.length);
  for (const founder of charter.founders) writer.raw(fromBase64Url(founder));
  return writer
    .text(charter.admission.rule)
    .u16(thresholdOf(charter.admission))
    .u8(charter.replicas)
    .u32(charter.slots)
    .bytes();
}

/** How many must admit; 0 where no one has to. */
export function thresholdOf(admission: Admission): number {
  return admission.rule === "open" ? 0 : admission.threshold;
}

export function meshIdOf(charter: CharterStatement): MeshId {
  const prefix = utf8Bytes("outcome-mesh/mesh-id/v1\0");
  return meshIdSchema.parse(
    contentId(new ByteWriter().raw(prefix).raw(encodeCharter(charter)).bytes()),
  );
}

/** `identities` are the founders', in their order. */
export async function signCharter(
  charter: CharterStatement,
  identities: readonly Identity[],
): Promise<Charter> {
  const mesh = meshIdOf(charter);
  const body = encodeCharter(charter);
  const signatures = await Promise.all(
    identities.map((identity) => signStatement(identity, "charter", mesh, body)),
  );
  return { charter, signatures };
}

/** True if every founder has a sound key and signed: no one is named a founder without consent. */
export async function verifyCharter({ charter, signatures }: Charter): Promise<boolean> {
  if (signatures.length !== charter.founders.length) return false;
  if (!charter.founders.every((key) => isSoundPublicKey(fromBase64Url(key)))) return false;
  const bytes = signedBytes("charter", meshIdOf(charter), encodeCharter(charter));
  const checks = charter.founders.map((key, i) =>
    verifySignature(key, fromBase64Url(signatures[i] ?? toBase64Url(new Uint8Array(64))), bytes),
  );
  return (await Promise.all(checks)).every(Boolean);
}
