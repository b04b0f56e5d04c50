/** A tiny collection of made-up phenopackets with an ontology of its own, in the files that the benches read. */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { HPO_FILE, PHENOPACKETS_FILE } from "../../bench/suite/patients.ts";
import { seededRandom } from "../../examples/random.ts";

const OBO = "http://purl.obolibrary.org/obo/";
const SYSTEMS = 4;
const TERMS_A_SYSTEM = 6;
const TERMS_A_PATIENT = 4;

/** Each publication is about one system. Returns the folder of data, which the caller removes. */
export async function writePhenopackets(
  publications: number,
  patientsEach: number,
): Promise<string> {
  const random = seededRandom("made-up phenopackets");
  const folder = await mkdtemp(join(tmpdir(), "outcome-mesh-phenopackets-"));
  const packets = Array.from({ length: publications }, (_, p) =>
    Array.from({ length: patientsEach }, (__, i) => {
      const system = p % SYSTEMS;
      const terms = Array.from({ length: TERMS_A_SYSTEM }, (___, t) => termOf(system, t));
      const observed = random.sample(terms, TERMS_A_PATIENT);
      return JSON.stringify({
        publication: `PMID:${p}`,
        phenopacket: {
          id: `patient-${p}-${i}`,
          subject: {
            sex: random.below(2) === 0 ? "FEMALE" : "MALE",
            timeAtLastEncounter: { age: { iso8601duration: `P${1 + random.below(80)}Y` } },
          },
          phenotypicFeatures: observed.map((id) => ({ type: { id: id.replace("_", ":") } })),
          diseases: [{ term: { id: `OMIM:${system}` } }],
        },
      });
    }),
  ).flat();
  await write(join(folder, PHENOPACKETS_FILE), packets.join("\n"));
  await write(join(folder, HPO_FILE), JSON.stringify(ontology()));
  return folder;
}

function termOf(system: number, term: number): string {
  return `T_${100 * (system + 1) + term}`;
}

function isA(sub: string, obj: string) {
  return { sub: `${OBO}${sub}`, pred: "is_a", obj: `${OBO}${obj}` };
}

function ontology() {
  const systems = Array.from({ length: SYSTEMS }, (_, s) => `T_${s + 1}`);
  const terms = systems.flatMap((system, s) =>
    Array.from({ length: TERMS_A_SYSTEM }, (_, t) => ({ term: termOf(s, t), system })),
  );
  const ids = ["T_0", ...systems, ...terms.map(({ term }) => term)];
  return {
    graphs: [
      {
        nodes: ids.map((id) => ({ id: `${OBO}${id}`, type: "CLASS" })),
        edges: [
          ...systems.map((system) => isA(system, "T_0")),
          ...terms.map(({ term, system }) => isA(term, system)),
        ],
      },
    ],
  };
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
