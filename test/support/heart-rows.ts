/** Rows in the form of the heart-disease data, made up: a higher age, heart rate apart, means disease more often. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { HEART_FILE, readHeartRows, type HeartRows } from "../../bench/federated/rows.ts";
import { seededRandom } from "../../examples/random.ts";

/** Reads them as the benches do, through a file that is removed again. */
export async function makeHeartRows(rowsPerCentre: number): Promise<HeartRows> {
  const random = seededRandom("made-up hearts");
  const lines = ["north", "south", "east"].flatMap((centre) =>
    Array.from({ length: rowsPerCentre }, (_, i) => {
      const age = 30 + random.below(45);
      return JSON.stringify({
        centre,
        split: i % 3 === 0 ? "test" : "train",
        profile: {
          age,
          sex: random.below(2),
          chestPain: 1 + random.below(4),
          restingBloodPressure: 100 + random.below(60),
          cholesterol: random.below(4) === 0 ? 0 : 150 + random.below(150),
          fastingBloodSugar: random.below(2),
          restingEcg: random.below(3),
          maxHeartRate: 100 + random.below(90),
          exerciseAngina: random.below(2),
          stDepression: random.below(40) / 10,
        },
        disease: age + random.normal(0, 8) > 52 ? 1 : 0,
      });
    }),
  );
  const data = await mkdtemp(join(tmpdir(), "outcome-mesh-hearts-"));
  try {
    await mkdir(dirname(join(data, HEART_FILE)), { recursive: true });
    await writeFile(join(data, HEART_FILE), `${lines.join("\n")}\n`);
    return await readHeartRows(data);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
