/** Reads an ontology in OBO Graphs JSON (github.com/geneontology/obographs), the form that OBO Foundry releases ship. */
import { z } from "zod";
import { encodeOntology } from "./ontology.ts";

const HAS_ALTERNATIVE_ID = "http://www.geneontology.org/formats/oboInOwl#hasAlternativeId";
const REPLACED_BY = "http://purl.obolibrary.org/obo/IAO_0100001";

const oboGraphsSchema = z.object({
  graphs: z
    .array(
      z.object({
        nodes: z.array(
          z.object({
            id: z.string(),
            type: z.string().optional(),
            meta: z
              .object({
                deprecated: z.boolean().optional(),
                basicPropertyValues: z
                  .array(z.object({ pred: z.string(), val: z.string() }))
                  .optional(),
              })
              .optional(),
          }),
        ),
        edges: z.array(z.object({ sub: z.string(), pred: z.string(), obj: z.string() })),
      }),
    )
    .min(1),
});

/** Compiles the classes and `is_a` edges of a parsed OBO Graphs document. Throws a zod error on another document. */
export function compileOboGraphs(document: unknown): Uint8Array<ArrayBuffer> {
  const { graphs } = oboGraphsSchema.parse(document);
  const terms = new Map<string, string[]>();
  const aliases = new Map<string, string>();
  for (const { id, type, meta } of graphs.flatMap((graph) => graph.nodes)) {
    if (type !== "CLASS") continue;
    const term = toCurie(id);
    const properties = meta?.basicPropertyValues ?? [];
    if (meta?.deprecated) {
      const replacement = properties.find(({ pred }) => pred === REPLACED_BY);
      if (replacement) aliases.set(term, toCurie(replacement.val));
      continue;
    }
    terms.set(term, []);
    for (const { pred, val } of properties) {
      if (pred === HAS_ALTERNATIVE_ID) aliases.set(toCurie(val), term);
    }
  }
  for (const { sub, pred, obj } of graphs.flatMap((graph) => graph.edges)) {
    if (pred === "is_a" && terms.has(toCurie(obj))) terms.get(toCurie(sub))?.push(toCurie(obj));
  }
  return encodeOntology({ terms, aliases });
}

/** `http://purl.obolibrary.org/obo/HP_0000118` to `HP:0000118`; a CURIE stays as it is. */
function toCurie(id: string): string {
  return /^https?:/.test(id) ? id.slice(id.lastIndexOf("/") + 1).replace("_", ":") : id;
}
