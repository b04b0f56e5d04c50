/** A small made-up ontology of symptoms: enough for terms to be near without being equal. */
import { encodeOntology } from "../../protocol/index.ts";

/** Child to parent. */
const PARENTS: Readonly<Record<string, string>> = {
  breathing: "symptom",
  breathlessness: "breathing",
  "breathlessness-at-rest": "breathlessness",
  "breathlessness-on-exertion": "breathlessness",
  cough: "breathing",
  "cough-dry": "cough",
  "cough-productive": "cough",
  "cough-with-blood": "cough",
  wheeze: "breathing",
  heart: "symptom",
  "chest-pain": "heart",
  "chest-pain-pressing": "chest-pain",
  "chest-pain-on-breathing": "chest-pain",
  palpitations: "heart",
  fainting: "heart",
  "leg-swelling": "heart",
  nerves: "symptom",
  headache: "nerves",
  confusion: "nerves",
  seizure: "nerves",
  weakness: "nerves",
  "weakness-one-side": "weakness",
  "weakness-both-sides": "weakness",
  "loss-of-vision": "nerves",
  "loss-of-speech": "nerves",
  digestion: "symptom",
  "abdominal-pain": "digestion",
  "abdominal-pain-upper": "abdominal-pain",
  "abdominal-pain-lower-right": "abdominal-pain",
  vomiting: "digestion",
  diarrhoea: "digestion",
  jaundice: "digestion",
  skin: "symptom",
  rash: "skin",
  "rash-purpuric": "rash",
  "rash-blistering": "rash",
  pallor: "skin",
  general: "symptom",
  fever: "general",
  "fever-high": "fever",
  "fever-periodic": "fever",
  fatigue: "general",
  "weight-loss": "general",
  "night-sweats": "general",
  chills: "general",
  joints: "symptom",
  "joint-pain": "joints",
  "joint-pain-small": "joint-pain",
  "joint-pain-large": "joint-pain",
};

export function compileSymptoms(): Uint8Array {
  const terms = new Map<string, readonly string[]>([["symptom", []]]);
  for (const [child, parent] of Object.entries(PARENTS)) terms.set(child, [parent]);
  return encodeOntology({ terms, aliases: new Map([["dyspnoea", "breathlessness"]]) });
}
