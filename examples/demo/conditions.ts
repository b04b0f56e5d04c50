/** The conditions of the demo, made up: what they look like, and how their treatments do. */

export interface Treatment {
  readonly name: string;
  /** Chance of recovery under and over 65 years: an average over both would mislead. */
  readonly recovery: readonly [under65: number, over65: number];
  readonly days: number;
}

export interface Condition {
  readonly name: string;
  /** Each symptom and how often patients have it. */
  readonly symptoms: Readonly<Record<string, number>>;
  /** Mean of the five standardised laboratory values. */
  readonly labs: readonly number[];
  readonly age: readonly [mean: number, deviation: number];
  readonly treatments: readonly Treatment[];
}

export const CONDITIONS: readonly Condition[] = [
  {
    name: "sepsis",
    symptoms: { "fever-high": 0.9, confusion: 0.6, chills: 0.7, pallor: 0.4, vomiting: 0.3 },
    labs: [2.2, 1.8, -0.5, 1.2, 0.3],
    age: [62, 16],
    treatments: [
      { name: "antibiotics within the hour", recovery: [0.86, 0.7], days: 9 },
      { name: "antibiotics after culture", recovery: [0.72, 0.45], days: 13 },
    ],
  },
  {
    name: "pneumonia",
    symptoms: {
      "cough-productive": 0.85,
      "fever-high": 0.6,
      "breathlessness-on-exertion": 0.6,
      "chest-pain-on-breathing": 0.4,
      fatigue: 0.4,
    },
    labs: [1.5, 0.4, -0.8, 0.2, 0.1],
    age: [55, 20],
    treatments: [
      { name: "amoxicillin", recovery: [0.9, 0.62], days: 6 },
      { name: "doxycycline", recovery: [0.8, 0.78], days: 7 },
    ],
  },
  {
    name: "heart failure",
    symptoms: {
      "breathlessness-at-rest": 0.8,
      "leg-swelling": 0.8,
      fatigue: 0.7,
      palpitations: 0.4,
      "cough-dry": 0.3,
    },
    labs: [0.1, 0.6, 0.4, -0.4, 2.4],
    age: [73, 10],
    treatments: [
      { name: "diuretic", recovery: [0.68, 0.6], days: 8 },
      { name: "diuretic and ACE inhibitor", recovery: [0.85, 0.74], days: 7 },
    ],
  },
  {
    name: "pulmonary embolism",
    symptoms: {
      "chest-pain-on-breathing": 0.8,
      "breathlessness-at-rest": 0.7,
      "cough-with-blood": 0.4,
      fainting: 0.3,
      palpitations: 0.4,
    },
    labs: [0.4, 2.1, -1.2, 0.5, 0.8],
    age: [58, 17],
    treatments: [
      { name: "anticoagulation", recovery: [0.9, 0.82], days: 7 },
      { name: "thrombolysis", recovery: [0.84, 0.55], days: 6 },
    ],
  },
  {
    name: "appendicitis",
    symptoms: { "abdominal-pain-lower-right": 0.95, vomiting: 0.6, fever: 0.5 },
    labs: [1.2, -0.2, 0.3, 0.1, -0.3],
    age: [27, 14],
    treatments: [
      { name: "surgery", recovery: [0.97, 0.9], days: 3 },
      { name: "antibiotics alone", recovery: [0.72, 0.6], days: 5 },
    ],
  },
  {
    name: "stroke",
    symptoms: {
      "weakness-one-side": 0.9,
      "loss-of-speech": 0.6,
      "loss-of-vision": 0.3,
      confusion: 0.4,
      headache: 0.2,
    },
    labs: [0.1, 0.3, 1.6, 0.9, 0.2],
    age: [71, 12],
    treatments: [
      { name: "thrombolysis", recovery: [0.62, 0.38], days: 12 },
      { name: "thrombectomy", recovery: [0.7, 0.56], days: 10 },
    ],
  },
  {
    name: "asthma attack",
    symptoms: { wheeze: 0.95, "breathlessness-at-rest": 0.7, "cough-dry": 0.7 },
    labs: [-0.2, -0.3, -1.5, -0.6, -0.2],
    age: [24, 15],
    treatments: [
      { name: "bronchodilator", recovery: [0.82, 0.7], days: 2 },
      { name: "bronchodilator and steroid", recovery: [0.94, 0.86], days: 2 },
    ],
  },
  {
    name: "malaria",
    symptoms: { "fever-periodic": 0.9, chills: 0.8, headache: 0.6, jaundice: 0.3, vomiting: 0.4 },
    labs: [0.8, -0.4, 0.2, -2.0, 0.1],
    age: [31, 17],
    treatments: [
      { name: "artemisinin combination", recovery: [0.96, 0.9], days: 4 },
      { name: "chloroquine", recovery: [0.6, 0.5], days: 7 },
    ],
  },
];

/** Seen three times in the world, at three hospitals, and cured where a treatment of something else was tried. */
export const RARE_CONDITION = {
  symptoms: ["rash-blistering", "seizure", "fever-periodic", "joint-pain-small", "night-sweats"],
  labs: [1.9, -1.6, 1.4, 0.6, -1.1],
  cases: [
    {
      slug: "northlake",
      age: 34,
      sex: "female",
      without: "night-sweats",
      treatment: "interleukin-1 blocker",
      recovered: true,
      days: 11,
    },
    {
      slug: "monsoon-bay",
      age: 41,
      sex: "male",
      without: "joint-pain-small",
      treatment: "interleukin-1 blocker",
      recovered: true,
      days: 14,
    },
    {
      slug: "prairie",
      age: 29,
      sex: "female",
      without: "fever-periodic",
      treatment: "steroid",
      recovered: false,
      days: 30,
    },
  ],
  query: { age: 37, sex: "female", severity: "severe" },
} as const;
