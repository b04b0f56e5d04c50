/**
 * A made-up hospital's records under a domain of every feature kind but terms. They are drawn around archetypes of very
 * different frequency, with skewed categories and sets, outliers, and missing values.
 */
import {
  compileDomain,
  domainSchema,
  type CompiledDomain,
  type Profile,
} from "../../protocol/index.ts";
import type { Draw } from "./draw.ts";
import type { Population } from "./population.ts";

const ARCHETYPES = 400;
const DIAGNOSES = 300;
const DRUGS = 500;
const FINDINGS = 200;
const WARDS = 14;
const DIMENSIONS = 16;
const MISSING_SHARE = 0.06;
const SEVERITIES = ["none", "mild", "moderate", "severe", "critical"];

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
const diagnoses = names("diagnosis", DIAGNOSES);
const drugs = names("drug", DRUGS);
const findings = names("finding", FINDINGS);
const wards = names("ward", WARDS);

function mixedDomain(): CompiledDomain {
  const compiled = compileDomain(
    domainSchema.parse({
      outcomeMesh: 1,
      name: "bench-mixed",
      title: "A hospital that does not exist",
      features: [
        { name: "age", kind: "numeric", weight: 2, tolerance: 20, min: 0, max: 120 },
        { name: "bloodPressure", kind: "numeric", weight: 1, tolerance: 40 },
        { name: "creatinine", kind: "numeric", weight: 1, tolerance: 0.5, scale: "log" },
        { name: "severity", kind: "ordinal", weight: 1, levels: SEVERITIES, tolerance: 2 },
        { name: "sex", kind: "category", weight: 1, values: ["female", "male"] },
        { name: "ward", kind: "category", weight: 1 },
        { name: "diagnosis", kind: "category", weight: 3 },
        { name: "drugs", kind: "set", weight: 2 },
        { name: "findings", kind: "set", weighted: true, weight: 1 },
        { name: "notes", kind: "vector", weight: 2, dimensions: DIMENSIONS },
      ],
      intervention: [{ name: "treatment", kind: "categorical" }],
      result: [{ name: "recovered", kind: "binary", better: true }],
      signature: { symbols: 128, trees: 24, rootDepth: 1, candidates: 300 },
    }),
  );
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

interface Archetype {
  readonly age: number;
  readonly bloodPressure: number;
  readonly creatinine: number;
  readonly severity: number;
  readonly femaleShare: number;
  readonly ward: string;
  readonly diagnosis: string;
  readonly drugs: readonly string[];
  readonly findings: readonly string[];
  readonly notes: readonly number[];
}

function drawArchetype(draw: Draw): Archetype {
  return {
    age: 5 + 85 * draw.unit(),
    bloodPressure: draw.normal(130, 18),
    creatinine: Math.exp(draw.normal(0, 0.5)),
    severity: draw.unit() * (SEVERITIES.length - 1),
    femaleShare: draw.chance(0.2) ? draw.unit() : 0.5,
    ward: draw.pick(wards),
    diagnosis: diagnoses[draw.skewed(DIAGNOSES)] ?? "",
    drugs: distinct(1 + draw.below(7), () => drugs[draw.skewed(DRUGS)] ?? ""),
    findings: distinct(1 + draw.below(6), () => findings[draw.skewed(FINDINGS)] ?? ""),
    notes: Array.from({ length: DIMENSIONS }, () => draw.normal(0, 1)),
  };
}

export function mixedPopulation(draw: Draw): Population {
  const archetypes = Array.from({ length: ARCHETYPES }, () => drawArchetype(draw));
  const next = (): Profile => {
    const centre = archetypes[draw.skewed(ARCHETYPES)] ?? drawArchetype(draw);
    const profile: Record<string, unknown> = {
      age: Math.round(clamp(draw.normal(centre.age, 9), 0, 120)),
      bloodPressure: Math.round(draw.normal(centre.bloodPressure, 12)),
      creatinine: Number((centre.creatinine * Math.exp(draw.normal(0, 0.3))).toFixed(2)) + 0.01,
      severity: SEVERITIES[Math.round(clamp(draw.normal(centre.severity, 0.8), 0, 4))],
      sex: draw.chance(centre.femaleShare) ? "female" : "male",
      ward: draw.chance(0.7) ? centre.ward : (wards[draw.skewed(WARDS)] ?? ""),
      diagnosis: draw.chance(0.8) ? centre.diagnosis : (diagnoses[draw.skewed(DIAGNOSES)] ?? ""),
      drugs: vary(centre.drugs, draw, () => drugs[draw.skewed(DRUGS)] ?? ""),
      findings: Object.fromEntries(
        vary(centre.findings, draw, () => findings[draw.skewed(FINDINGS)] ?? "").map((finding) => [
          finding,
          Number((1 + 9 * draw.unit()).toFixed(1)),
        ]),
      ),
      notes: centre.notes.map((x) => Number((x + draw.normal(0, 0.45)).toFixed(4)) || 0.0001),
    };
    for (const name of Object.keys(profile)) {
      if (name !== "age" && draw.chance(MISSING_SHARE)) delete profile[name];
    }
    return profile;
  };
  return { name: "mixed", source: "generated", compiled: mixedDomain(), next };
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x));
}

function distinct(count: number, next: () => string): string[] {
  return [...new Set(Array.from({ length: count }, next))];
}

/** Most of `items`, and now and then another. */
function vary(items: readonly string[], draw: Draw, next: () => string): string[] {
  const kept = items.filter(() => draw.chance(0.8));
  return draw.chance(0.4) ? [...new Set([...kept, next()])] : kept;
}
