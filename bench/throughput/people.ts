/** Who is in the bench: made-up people with one of 300 conditions, drawn by seed, and the domain that compares them. */
import type { Random } from "../../examples/random.ts";
import {
  compileDomain,
  domainSchema,
  encodeProfile,
  signatureOf,
  type CompiledDomain,
  type Profile,
} from "../../protocol/index.ts";

const SITES = 20;
const SIGNS = 400;
const SIGNS_OF_A_CONDITION = 8;
const CONDITIONS = 300;
/** Of its eight signs, a person has at least so many, and up to two that are not of it. */
const SIGNS_MIN = 3;

const document = domainSchema.parse({
  outcomeMesh: 1,
  name: "throughput",
  title: "Throughput",
  features: [
    { name: "signs", kind: "set", weight: 4 },
    { name: "site", kind: "category", weight: 1 },
    { name: "age", kind: "numeric", weight: 1, tolerance: 25, min: 0, max: 110 },
    { name: "severity", kind: "ordinal", weight: 1, levels: ["1", "2", "3", "4"], tolerance: 3 },
  ],
  intervention: [{ name: "treatment", kind: "categorical" }],
  result: [{ name: "recovered", kind: "binary", better: true }],
  // The form in which the rare-disease example has its best recall: the dearest lookups that we propose.
  signature: { symbols: 128, trees: 24, rootDepth: 1, candidates: 400 },
});

export const throughputDomain = document;

/** One for the whole process: its plan and memos are shared by all parts. */
export const compiledDomain: CompiledDomain = compile();

function compile(): CompiledDomain {
  const compiled = compileDomain(document);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

interface Condition {
  readonly signs: readonly string[];
  readonly age: number;
  readonly site: string;
}

/** The conditions there are; the same for everyone who draws people of one seed. */
export function drawConditions(random: Random): readonly Condition[] {
  const signs = Array.from({ length: SIGNS }, (_, i) => `sign ${i}`);
  return Array.from({ length: CONDITIONS }, () => ({
    signs: random.sample(signs, SIGNS_OF_A_CONDITION),
    age: 10 + random.below(70),
    site: `site ${random.below(SITES)}`,
  }));
}

export function drawProfile(random: Random, conditions: readonly Condition[]): Profile {
  const condition = random.pick(conditions);
  const own = random.sample(
    condition.signs,
    SIGNS_MIN + random.below(SIGNS_OF_A_CONDITION - SIGNS_MIN + 1),
  );
  const others = Array.from({ length: random.below(3) }, () => `sign ${random.below(SIGNS)}`);
  return {
    signs: [...new Set([...own, ...others])],
    site: random.below(4) === 0 ? `site ${random.below(SITES)}` : condition.site,
    age: Math.round(Math.min(109, Math.max(1, random.normal(condition.age, 15)))),
    severity: String(1 + random.below(4)),
  };
}

export function drawSignature(
  random: Random,
  conditions: readonly Condition[],
): Uint8Array<ArrayBuffer> {
  const checked = encodeProfile(compiledDomain, drawProfile(random, conditions));
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return signatureOf(compiledDomain, checked.value.values);
}

export function drawRecord(random: Random, conditions: readonly Condition[], id: string) {
  return {
    id,
    profile: drawProfile(random, conditions),
    intervention: { treatment: random.pick(["rest", "surgery", "drug a", "drug b"]) },
    result: { recovered: random.below(3) > 0 },
  };
}

export type { Condition };
