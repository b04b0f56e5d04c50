/**
 * Patients described by ontology terms. With real data: the terms of a published patient, some of them dropped, some
 * made less precise. Without: an ontology and diseases that are made up.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import {
  compileDomain,
  compileOboGraphs,
  decodeOntology,
  domainSchema,
  encodeOntology,
  type CompiledDomain,
  type Ontology,
} from "../../protocol/index.ts";
import type { Draw } from "./draw.ts";
import type { Population } from "./population.ts";

const MADE_TERMS = 15_000;
const MADE_DISEASES = 1_500;

/** `data` is a folder with `hpo/hp.json.gz` and `rare-disease/phenopackets.ndjson.gz`. */
export function ontologyPopulation(draw: Draw, data: string | undefined): Population {
  const real = data === undefined ? undefined : readReal(data);
  const { ontology, parentsOf, patients } = real ?? makeUp(draw);
  return {
    name: "ontology",
    source: real ? `resampled from ${patients.length} published patients` : "generated",
    compiled: ontologyDomain(decodeOntology(ontology)),
    ontology,
    next: () => {
      const terms = draw.pick(patients).flatMap((term) => {
        if (draw.chance(0.2)) return [];
        const parents = parentsOf.get(term) ?? [];
        return [parents.length > 0 && draw.chance(0.25) ? draw.pick(parents) : term];
      });
      if (terms.length === 0 || draw.chance(0.5)) terms.push(draw.pick(draw.pick(patients)));
      return {
        phenotypes: [...new Set(terms)],
        ...(draw.chance(0.9) && { sex: draw.chance(0.5) ? "FEMALE" : "MALE" }),
        ...(draw.chance(0.8) && { age: Math.floor(60 * draw.unit() ** 2) }),
      };
    },
  };
}

function ontologyDomain(ontology: Ontology): CompiledDomain {
  const compiled = compileDomain(
    domainSchema.parse({
      outcomeMesh: 1,
      name: "bench-ontology",
      title: "Patients by their phenotype",
      features: [
        { name: "phenotypes", kind: "terms", weight: 10, ontology: ontology.id },
        { name: "sex", kind: "category", weight: 1, values: ["FEMALE", "MALE"] },
        { name: "age", kind: "numeric", weight: 1, tolerance: 20 },
      ],
      intervention: [{ name: "diagnosis", kind: "categorical" }],
      result: [{ name: "solved", kind: "binary" }],
      signature: { symbols: 128, trees: 24, rootDepth: 1, candidates: 400 },
    }),
    new Map([[ontology.id, ontology]]),
  );
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

interface Source {
  /** Compiled. */
  readonly ontology: Uint8Array;
  readonly parentsOf: ReadonlyMap<string, readonly string[]>;
  /** Terms of each, at least one. */
  readonly patients: readonly (readonly string[])[];
}

const graphsSchema = z.object({
  graphs: z.array(
    z.object({ edges: z.array(z.object({ sub: z.string(), pred: z.string(), obj: z.string() })) }),
  ),
});
const lineSchema = z.object({
  phenopacket: z.object({
    phenotypicFeatures: z
      .array(z.object({ type: z.object({ id: z.string() }), excluded: z.boolean().optional() }))
      .default([]),
  }),
});

function readReal(data: string): Source {
  const hpo = join(data, "hpo/hp.json.gz");
  const packets = join(data, "rare-disease/phenopackets.ndjson.gz");
  for (const file of [hpo, packets]) if (!existsSync(file)) throw new Error(`there is no ${file}`);
  const document: unknown = JSON.parse(gunzipSync(readFileSync(hpo)).toString());
  const ontology = compileOboGraphs(document);
  const terms = new Set(decodeOntology(ontology).terms);
  const parentsOf = new Map<string, string[]>();
  for (const { sub, pred, obj } of graphsSchema.parse(document).graphs[0]?.edges ?? []) {
    if (pred !== "is_a" || !terms.has(idOf(obj))) continue;
    parentsOf.set(idOf(sub), [...(parentsOf.get(idOf(sub)) ?? []), idOf(obj)]);
  }
  const patients = gunzipSync(readFileSync(packets))
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) =>
      lineSchema
        .parse(JSON.parse(line))
        .phenopacket.phenotypicFeatures.filter(({ excluded }) => excluded !== true)
        .map(({ type }) => type.id)
        .filter((id) => terms.has(id)),
    )
    .filter(({ length }) => length > 0);
  return { ontology, parentsOf, patients };
}

/** `HP:0001250` of its IRI. */
function idOf(iri: string): string {
  return (iri.split("/").at(-1) ?? "").replace("_", ":");
}

/** A term's first parent is one of the terms before it, so that the tree has about HPO's depth; some have two. */
function makeUp(draw: Draw): Source {
  const parentsOf = new Map<string, readonly string[]>();
  const ids: string[] = [];
  for (let i = 0; i < MADE_TERMS; i++) {
    const id = `B:${String(i).padStart(5, "0")}`;
    const parents = i === 0 ? [] : [ids[Math.floor(i * draw.unit() ** 1.3)] ?? ""];
    if (i > 10 && draw.chance(0.3)) parents.push(draw.pick(ids));
    parentsOf.set(id, [...new Set(parents)]);
    ids.push(id);
  }
  const ontology = encodeOntology({ terms: parentsOf, aliases: new Map() });
  const specific = ids.slice(MADE_TERMS / 10);
  const patients = Array.from({ length: MADE_DISEASES }, () =>
    Array.from({ length: 3 + draw.skewed(25) }, () => draw.pick(specific)),
  );
  return { ontology, parentsOf, patients };
}
