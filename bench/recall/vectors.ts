/**
 * Made-up vectors of known structure: clusters on a sphere of many dimensions, each of which varies in a few directions
 * only, as embeddings do; over organisations that each know a few clusters well.
 */
import { seededRandom, type Random } from "../../examples/random.ts";
import {
  compileDomain,
  domainSchema,
  encodeProfile,
  type CompiledDomain,
  type EncodedProfile,
} from "../../protocol/index.ts";
import type { Case, Collection, OutcomeCase } from "./collection.ts";

export interface VectorOptions {
  readonly vectors: number;
  readonly dimensions: number;
  readonly clusters: number;
  readonly organisations: number;
  readonly queries: number;
}

export const VECTORS: VectorOptions = {
  vectors: 50_000,
  dimensions: 96,
  clusters: 500,
  organisations: 1000,
  queries: 200,
};

/** Directions in which a cluster varies. */
const LOCAL_DIMENSIONS = 8;
/** Length of the variation beside the centre's 1: two of a cluster are some 43 degrees apart, of two clusters 90. */
const SPREAD = 0.6;
/** The r-th largest cluster, and organisation, weighs r to this power. */
const SKEW = -0.5;
const SPECIALITIES = 3;
/** Of a cluster's vectors, those held by an organisation that specialises in it. */
const SPECIALIST_SHARE = 0.8;
/** Decimals of a component, as a message would have them. */
const SCALE = 1e4;

const domainOf = (dimensions: number) =>
  domainSchema.parse({
    outcomeMesh: 1,
    name: "vectors",
    title: "Made-up vectors",
    features: [{ name: "embedding", kind: "vector", weight: 1, dimensions }],
    intervention: [{ name: "action", kind: "categorical", values: ["none"] }],
    result: [{ name: "done", kind: "binary", better: true }],
    // A symbol of a vector is one of two: four make sixteen roots a tree.
    signature: { symbols: 128, trees: 24, rootDepth: 4, candidates: 400 },
  });

export function makeVectorCases(seed: string, options: VectorOptions = VECTORS): Collection {
  const compiled = compileDomain(domainOf(options.dimensions));
  if (!compiled.ok) throw new Error("the domain does not compile");
  const random = seededRandom(`recall vectors ${seed}`);
  const clusters = Array.from({ length: options.clusters }, () =>
    drawCluster(options.dimensions, random),
  );
  const sizes = powers(options.clusters);
  const weights = powers(options.organisations);
  const specialists = drawSpecialists(options, random);
  const draw = (): { cluster: number; vector: number[] } => {
    const cluster = random.weighted(sizes);
    return { cluster, vector: drawVector(clusters[cluster] ?? [], random) };
  };
  const records = Array.from({ length: options.vectors }, (): OutcomeCase => {
    const { cluster, vector } = draw();
    const known = specialists[cluster] ?? [];
    const isKnown = known.length > 0 && random.unit() < SPECIALIST_SHARE;
    const organisation = isKnown
      ? (known[random.weighted(known.map((each) => weights[each] ?? 0))] ?? 0)
      : random.weighted(weights);
    const outcome = { intervention: { action: "none" }, result: { done: true } };
    return { ...caseOf(compiled.value, vector, organisation), ...outcome };
  });
  return {
    name: "vectors",
    key: { vectors: options, seed, domain: compiled.value.id },
    compiled: compiled.value,
    ontologies: new Map(),
    organisations: options.organisations,
    records,
    queries: Array.from({ length: options.queries }, () =>
      caseOf(compiled.value, draw().vector, random.below(options.organisations)),
    ),
  };
}

function caseOf(compiled: CompiledDomain, vector: readonly number[], organisation: number): Case {
  const raw = { embedding: vector };
  return { organisation, raw, profile: encode(compiled, raw) };
}

function encode(compiled: CompiledDomain, raw: { embedding: readonly number[] }): EncodedProfile {
  const encoded = encodeProfile(compiled, raw);
  if (!encoded.ok) throw new Error("a vector does not fit the domain");
  return encoded.value.values;
}

function powers(count: number): number[] {
  return Array.from({ length: count }, (_, rank) => (rank + 1) ** SKEW);
}

/** The centre, then the directions in which the cluster varies: unit vectors. */
type Cluster = readonly Float64Array[];

function drawCluster(dimensions: number, random: Random): Cluster {
  return Array.from({ length: 1 + LOCAL_DIMENSIONS }, () => {
    const vector = Float64Array.from({ length: dimensions }, () => random.normal(0, 1));
    const length = Math.hypot(...vector);
    return vector.map((x) => x / length);
  });
}

function drawVector([centre, ...directions]: Cluster, random: Random): number[] {
  const vector = [...(centre ?? [])];
  for (const direction of directions) {
    const along = random.normal(0, SPREAD / Math.sqrt(LOCAL_DIMENSIONS));
    for (let i = 0; i < vector.length; i++) {
      vector[i] = (vector[i] ?? 0) + along * (direction[i] ?? 0);
    }
  }
  return vector.map((x) => Math.round(SCALE * x) / SCALE);
}

/** By cluster, the organisations that specialise in it. */
function drawSpecialists({ organisations, clusters }: VectorOptions, random: Random): number[][] {
  const specialists = Array.from({ length: clusters }, (): number[] => []);
  for (let organisation = 0; organisation < organisations; organisation++) {
    for (let i = 0; i < SPECIALITIES; i++) specialists[random.below(clusters)]?.push(organisation);
  }
  return specialists;
}
