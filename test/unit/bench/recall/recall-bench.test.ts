import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { recallBench } from "../../../../bench/recall/recall-bench.ts";
import { openCells } from "../../../../bench/suite/cells.ts";
import { SLOW } from "../../support/random.ts";
import { writePhenopackets } from "../../../support/phenopackets.ts";

const PUBLICATIONS = 8;
const PATIENTS_EACH = 2;

const figuresSchema = z.array(
  z.object({
    organisations: z.number(),
    records: z.number(),
    queries: z.number(),
    evaluations: z.array(
      z.object({
        name: z.string(),
        curve: z.array(
          z.object({ origins: z.number(), recall10: z.object({ value: z.number() }) }),
        ),
      }),
    ),
    stops: z.array(
      z.object({
        recall10: z.object({ value: z.number() }),
        asked: z.object({ value: z.number() }),
      }),
    ),
  }),
);

let data = "";
let out = "";
beforeAll(async () => {
  data = await writePhenopackets(PUBLICATIONS, PATIENTS_EACH);
  out = await mkdtemp(join(tmpdir(), "outcome-mesh-recall-"));
});
afterAll(async () => {
  await Promise.all([data, out].map((folder) => rm(folder, { recursive: true, force: true })));
});

test(
  "any collection of phenopackets is measured, and a second run takes every figure from cells",
  SLOW,
  async () => {
    const steps: string[] = [];
    const context = {
      data,
      seed: "1",
      cells: openCells(out, { isFresh: false }),
      progress: { report: (step: string) => void steps.push(step), end: () => undefined },
    };
    const part = recallBench.parts["rare-disease"];
    const first = await part?.(context);
    const [figures] = figuresSchema.parse(first?.figures);
    expect(figures).toMatchObject({
      organisations: PUBLICATIONS,
      records: PUBLICATIONS * PATIENTS_EACH,
      queries: PUBLICATIONS * PATIENTS_EACH,
    });
    const last = (name: string) =>
      figures?.evaluations.find((each) => each.name === name)?.curve.at(-1);
    // Whoever is found is asked: all of them.
    expect(last("central index, exact")).toEqual({ origins: PUBLICATIONS, recall10: { value: 1 } });
    expect(last("random choice")?.recall10.value).toBe(1);
    expect(last("oracle")?.recall10.value).toBe(1);
    expect(figures?.stops[0]?.asked.value).toBeLessThanOrEqual(PUBLICATIONS);
    expect(first?.tables.map(({ title }) => title).join()).toContain("goals");
    expect(first?.plots).toHaveLength(2);
    steps.length = 0;
    expect(await part?.(context)).toEqual(first);
    expect(steps).toEqual([]);
  },
);
