/**
 * The demo: eight made-up hospitals with different patients, and one condition that the world has seen three
 * times. Everything in it is synthetic and seeded.
 */
import { decodeOntology, domainSchema, type Domain, type Profile } from "../../protocol/index.ts";
import type { Example, ExampleOrganisation } from "../example.ts";
import { seededRandom, type Random } from "../random.ts";
import { CONDITIONS, RARE_CONDITION, type Condition } from "./conditions.ts";
import { compileSymptoms } from "./symptoms.ts";

const SEVERITIES = ["mild", "moderate", "severe", "critical"] as const;
const COMORBIDITIES = [
  "diabetes",
  "hypertension",
  "asthma",
  "kidney disease",
  "smoker",
  "pregnancy",
];
const RECORDS_PER_HOSPITAL = 150;
/** Who asks for the rare condition: a hospital that has never seen it. */
const ASKER = "old-town";

/** Share of each condition, in the order of `CONDITIONS`, and how many years its patients are older. */
const HOSPITALS = [
  {
    slug: "northlake",
    name: "Northlake University Hospital",
    mix: [3, 3, 2, 2, 2, 2, 1, 0],
    older: 0,
  },
  {
    slug: "st-brigid",
    name: "St Brigid Children's Hospital",
    mix: [1, 3, 0, 0, 4, 0, 6, 0],
    older: -25,
  },
  { slug: "harbour", name: "Harbour General", mix: [2, 3, 2, 2, 2, 1, 2, 1], older: 0 },
  { slug: "prairie", name: "Prairie Regional", mix: [2, 4, 4, 1, 1, 3, 1, 0], older: 9 },
  { slug: "monsoon-bay", name: "Monsoon Bay Hospital", mix: [3, 2, 1, 0, 1, 0, 1, 9], older: -6 },
  { slug: "alpine", name: "Alpine Heart Centre", mix: [0, 0, 9, 4, 0, 1, 0, 0], older: 3 },
  { slug: "riverside", name: "Riverside Stroke Unit", mix: [0, 1, 1, 0, 0, 9, 0, 0], older: 4 },
  { slug: "old-town", name: "Old Town Clinic", mix: [1, 4, 2, 0, 2, 0, 4, 0], older: 5 },
] as const;

export function makeDemo(seed: string): Example {
  const ontology = compileSymptoms();
  const random = seededRandom(seed);
  const organisations = HOSPITALS.map((hospital) => makeHospital(hospital, random));
  return {
    name: "demo",
    origin: `synthetic, seed ${seed}: eight made-up hospitals`,
    domain: demoDomain(ontology),
    ontologies: [ontology],
    organisations,
    queries: [
      { slug: ASKER, title: "a condition the world has seen three times", profile: rareQuery() },
      {
        slug: "harbour",
        title: "an 80-year-old with pneumonia",
        profile: profileOf(conditionNamed("pneumonia"), 80, random),
      },
      {
        slug: "st-brigid",
        title: "a young adult with heart failure, at a children's hospital",
        profile: profileOf(conditionNamed("heart failure"), 22, random),
      },
    ],
  };
}

function demoDomain(ontology: Uint8Array): Domain {
  return domainSchema.parse({
    outcomeMesh: 1,
    name: "acute-care",
    title: "Acute care: synthetic hospital cases",
    features: [
      { name: "symptoms", kind: "terms", weight: 5, ontology: decodeOntology(ontology).id },
      { name: "labs", kind: "vector", weight: 1.5, dimensions: 5 },
      { name: "age", kind: "numeric", weight: 1, unit: "a", tolerance: 25, min: 0, max: 120 },
      { name: "severity", kind: "ordinal", weight: 1, levels: [...SEVERITIES], tolerance: 3 },
      { name: "comorbidities", kind: "set", weight: 1 },
      { name: "sex", kind: "category", weight: 0.5, values: ["female", "male"] },
    ],
    intervention: [{ name: "treatment", kind: "categorical" }],
    result: [
      { name: "recovered", kind: "binary", better: true },
      { name: "daysInCare", kind: "numeric", unit: "d", better: "lower" },
    ],
    signature: { symbols: 128, trees: 24, rootDepth: 1, candidates: 200 },
  });
}

function makeHospital(hospital: (typeof HOSPITALS)[number], random: Random): ExampleOrganisation {
  const records = Array.from({ length: RECORDS_PER_HOSPITAL }, (_, i) => {
    const condition = CONDITIONS[random.weighted(hospital.mix)] ?? conditionNamed("pneumonia");
    const [mean, deviation] = condition.age;
    const age = Math.round(
      Math.min(99, Math.max(1, random.normal(mean + hospital.older, deviation))),
    );
    const treatment = random.pick(condition.treatments);
    return {
      id: `${hospital.slug}-${i + 1}`,
      profile: profileOf(condition, age, random),
      intervention: { treatment: treatment.name },
      result: {
        recovered: random.unit() < treatment.recovery[age < 65 ? 0 : 1],
        daysInCare: Math.max(1, Math.round(random.normal(treatment.days, treatment.days / 4))),
      },
      observedAt: `20${20 + random.below(6)}-${String(1 + random.below(12)).padStart(2, "0")}-15`,
    };
  });
  const rare = RARE_CONDITION.cases
    .filter((rareCase) => rareCase.slug === hospital.slug)
    .map((rareCase) => ({
      id: `${hospital.slug}-rare`,
      profile: {
        symptoms: RARE_CONDITION.symptoms.filter((symptom) => symptom !== rareCase.without),
        labs: RARE_CONDITION.labs.map((value) => round(random.normal(value, 0.2))),
        age: rareCase.age,
        severity: "severe",
        comorbidities: [],
        sex: rareCase.sex,
      },
      intervention: { treatment: rareCase.treatment },
      result: { recovered: rareCase.recovered, daysInCare: rareCase.days },
      observedAt: "2025-03-15",
    }));
  return { slug: hospital.slug, name: hospital.name, records: [...records, ...rare] };
}

function rareQuery(): Profile {
  const { symptoms, labs, query } = RARE_CONDITION;
  return { symptoms: [...symptoms], labs: [...labs], comorbidities: [], ...query };
}

function profileOf(condition: Condition, age: number, random: Random): Profile {
  const symptoms = Object.entries(condition.symptoms)
    .filter(([, share]) => random.unit() < share)
    .map(([symptom]) => symptom);
  return {
    symptoms: symptoms.length > 0 ? symptoms : Object.keys(condition.symptoms).slice(0, 1),
    labs: condition.labs.map((mean) => round(random.normal(mean, 0.6))),
    age,
    severity: SEVERITIES[random.weighted([2, 4, 3, 1])] ?? "moderate",
    comorbidities: COMORBIDITIES.filter(() => random.unit() < 0.1 + age / 400),
    sex: random.pick(["female", "male"]),
  };
}

function conditionNamed(name: string): Condition {
  const found = CONDITIONS.find((condition) => condition.name === name);
  if (!found) throw new Error(`the demo has no condition ${name}`);
  return found;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
