/** Vectors of a whole domain: id, layout, orders, signatures, root keys, comparisons; and of placement. */
import { toBase64Url } from "../../protocol/bytes.ts";
import { compileDomain, type CompiledDomain } from "../../protocol/domain/compile.ts";
import { encodeProfile, type Profile } from "../../protocol/domain/profile.ts";
import { canonicalBytes, parseDomain, type Domain } from "../../protocol/domain/schema.ts";
import { nodeIdSchema } from "../../protocol/ids.ts";
import { createPlacement } from "../../protocol/placement/placement.ts";
import { rootKeyOf, slotOf } from "../../protocol/signature/root-keys.ts";
import { estimate, signatureOf, similarity } from "../../protocol/signature/signature.ts";
import { hex, must, roundKernel, seedOf } from "./encoding.ts";
import { openOntologies } from "./function-vectors.ts";

export function sampleDomain() {
  const [ontology] = openOntologies().keys();
  return {
    outcomeMesh: 1,
    name: "vectors",
    title: "One feature of every kind – é",
    features: [
      { name: "age", kind: "numeric", weight: 3, tolerance: 20, unit: "a" },
      { name: "dose", kind: "numeric", weight: 0.5, tolerance: 1, scale: "log" },
      { name: "pain", kind: "ordinal", weight: 1, levels: ["none", "mild", "severe"], tolerance: 2 },
      { name: "sex", kind: "category", weight: 1 },
      { name: "drugs", kind: "set", weight: 2 },
      { name: "counts", kind: "set", weight: 1, weighted: true },
      { name: "phenotype", kind: "terms", weight: 4, ontology },
      { name: "embedding", kind: "vector", weight: 1.5, dimensions: 3 },
    ],
    intervention: [{ name: "treatment", kind: "categorical" }],
    result: [{ name: "survived", kind: "binary", better: true }],
    signature: signatureSettings(),
  };
}

function signatureSettings(): Domain["signature"] {
  return { symbols: 64, trees: 4, rootDepth: 2, candidates: 100 };
}

export const PROFILES: Profile[] = [
  {
    age: 50,
    dose: 10,
    pain: "mild",
    sex: "female",
    drugs: ["aspirin", "digoxin"],
    counts: { leukocytes: 4, platelets: 250 },
    phenotype: ["T:fast", "T:valve"],
    embedding: [1, 2, -3],
  },
  { age: 58, pain: "severe", sex: "female", drugs: ["digoxin"], phenotype: ["T:slow", "T:valve"] },
  { age: 20, embedding: [0, 1, 0] },
];

export function compiledSample(): CompiledDomain {
  return compile(sampleDomain());
}

function compile(document: ReturnType<typeof sampleDomain>): CompiledDomain {
  const domain = must(parseDomain(JSON.stringify(document)));
  return must(compileDomain(domain, openOntologies()));
}

/** The same domain with three branches a tree, which makes it another domain. */
function branchVectors() {
  const sample = sampleDomain();
  const { id, plan } = compile({ ...sample, signature: { ...sample.signature, branches: 3 } });
  return { id, branches: plan.branches.map((orders) => orders.map((order) => [...order])) };
}

export function signatureVectors() {
  const compiled = compiledSample();
  const { plan } = compiled;
  const encoded = PROFILES.map((profile) => must(encodeProfile(compiled, profile)).values);
  const signatures = encoded.map((values) => signatureOf(compiled, values));
  const [query = [], ...records] = encoded;
  return {
    domain: sampleDomain(),
    canonical: new TextDecoder().decode(canonicalBytes(sampleDomain())),
    id: compiled.id,
    symbolCounts: plan.symbolCounts,
    featureAt: [...plan.featureAt],
    orders: plan.orders.map((order) => [...order]),
    branched: branchVectors(),
    profiles: PROFILES.map((profile, i) => {
      const signature = signatures[i] ?? new Uint8Array(0);
      const keys = plan.orders.map((_, tree) => rootKeyOf(plan, signature, tree));
      return {
        profile,
        signature: hex(signature),
        rootKeys: keys.map((key) => (key ? hex(key) : null)),
        slots: keys.map((key) => (key ? slotOf(key) : null)),
      };
    }),
    comparisons: records.map((record, i) => ({
      query: 0,
      record: i + 1,
      similarity: roundKernel(similarity(compiled, query, record).score),
      estimate: roundKernel(
        estimate(plan, signatures[0] ?? new Uint8Array(0), signatures[i + 1] ?? new Uint8Array(0)),
      ),
    })),
  };
}

export function placementVectors() {
  const nodes = ["a", "b", "c", "d", "e"].map((name, i) => ({
    node: nodeIdSchema.parse(toBase64Url(seedOf(`node ${name}`))),
    capacity: [1, 1, 2, 5, 1][i] ?? 1,
  }));
  const placement = createPlacement(nodes, 3);
  const slots = [0, 1, 255, 256, 4660, 32_768, 65_535];
  return {
    nodes,
    replicas: 3,
    slots: slots.map((slot) => ({
      slot,
      holders: placement.replicasOf(slot).map((holder) => nodes.findIndex(({ node }) => node === holder)),
    })),
  };
}
