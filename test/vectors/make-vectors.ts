/**
 * All pinned vectors, computed by the protocol's own functions: `generate.ts` writes them to files once, and
 * `test/unit/vectors.test.ts` recomputes them and compares.
 */
import { placementVectors, signatureVectors } from "./domain-vectors.ts";
import { families, ontologyVectors, primitives } from "./function-vectors.ts";
import { keyedVectors } from "./keyed-vectors.ts";
import { sealedVectors } from "./sealed-vectors.ts";
import { httpSignatureVectors, statementVectors } from "./statement-vectors.ts";

/** File name to content, as JSON has it. */
export async function makeVectors(): Promise<Readonly<Record<string, unknown>>> {
  return {
    "primitives.json": primitives(),
    "families.json": families(),
    "ontology.json": ontologyVectors(),
    "signature.json": signatureVectors(),
    "keyed.json": keyedVectors(),
    "placement.json": placementVectors(),
    "statements.json": await statementVectors(),
    "http-signature.json": await httpSignatureVectors(),
    "sealed.json": await sealedVectors(),
  };
}
