/** A small made ontology: a root, two branches, and a term with two parents. */
import type { OntologySource } from "../../../protocol/ontology/ontology.ts";
import {
  decodeOntology,
  encodeOntology,
  type Ontology,
} from "../../../protocol/ontology/ontology.ts";

export const smallSource: OntologySource = {
  terms: new Map([
    ["T:root", []],
    ["T:heart", ["T:root"]],
    ["T:lung", ["T:root"]],
    ["T:rhythm", ["T:heart"]],
    ["T:fast", ["T:rhythm"]],
    ["T:slow", ["T:rhythm"]],
    ["T:valve", ["T:heart"]],
    ["T:cough", ["T:lung"]],
    ["T:cor-pulmonale", ["T:heart", "T:lung"]],
    ["T:wheeze", ["T:lung"]],
  ]),
  aliases: new Map([
    ["T:tachycardia", "T:fast"],
    ["T:bradycardia", "T:slow"],
  ]),
};

export function smallOntology(): Ontology {
  return decodeOntology(encodeOntology(smallSource));
}
