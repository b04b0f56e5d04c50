/** What the mesh may know of a domain's records: which signature stands for a record, and from which count on. */
import { z } from "zod";
import {
  coarsenProfile,
  encodeKnown,
  signatureOf,
  type CompiledDomain,
  type Profile,
} from "../../protocol/index.ts";

export const publicationSchema = z.strictObject({
  /** False: the mesh is to know nothing of the domain here. */
  publish: z.boolean(),
  minimumCount: z.int().min(1),
  /** Of the grid that profiles are put on before they are signed for; 0 for none. */
  coarseness: z.number().min(0).max(1),
  /** Above 1, cohorts are published and no records. */
  groupSize: z.int().min(1),
  /** Entries without records. */
  decoys: z.int().min(0),
  /** Stands for whatever else cohorts are formed by: where it changes, they are formed anew. */
  shape: z.string(),
});
export type Publication = Readonly<z.infer<typeof publicationSchema>>;

/** Each record's own signature. */
export const PLAIN_PUBLICATION: Publication = {
  publish: true,
  minimumCount: 1,
  coarseness: 0,
  groupSize: 1,
  decoys: 0,
  shape: "",
};

/** Of records that the mesh is to know nothing of. */
export const HIDDEN = new Uint8Array(0);

/** The signature that stands for a record outside any cohort; `exact` is that of its profile. */
export function publishedSignature(
  compiled: CompiledDomain,
  { groupSize, coarseness }: Publication,
  profile: Profile,
  exact?: Uint8Array,
): Uint8Array {
  if (groupSize > 1) return HIDDEN;
  if (coarseness === 0 && exact) return exact;
  const values = coarsenProfile(compiled, encodeKnown(compiled, profile), coarseness);
  return values.some((value) => value !== undefined) ? signatureOf(compiled, values) : HIDDEN;
}

/** True where records have to be given other signatures, and cohorts are no longer what policy wants. */
export function needsResigning(before: Publication, after: Publication): boolean {
  return (
    before.coarseness !== after.coarseness ||
    before.groupSize !== after.groupSize ||
    before.shape !== after.shape
  );
}
