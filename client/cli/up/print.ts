/** Reports for people. */
import { formatSynthesis } from "../print-synthesis.ts";
import { formatTable } from "../table.ts";
import type { DemoReport } from "./demo.ts";
import type { HeartDiseaseReport } from "./heart-disease.ts";
import type { RareDiseaseReport } from "./rare-disease.ts";
import type { costReport } from "./run-queries.ts";

type Cost = ReturnType<typeof costReport>;

export function printDemo(report: DemoReport): string {
  const blocks = report.asked.map((asked) =>
    [
      `\n== ${asked.title}, asked by ${asked.askedBy}`,
      formatTable(
        ["rank", "similarity", "organisation", "treatment", "recovered", "days"],
        asked.answers.map(({ rank, score, organisation, intervention, result }) => [
          String(rank),
          score.toFixed(3),
          organisation,
          String(intervention["treatment"]),
          result["recovered"] === true ? "yes" : "no",
          String(result["daysInCare"]),
        ]),
      ),
      "",
      formatSynthesis(asked.synthesis),
      "",
      formatTable(
        ["party", "saw"],
        asked.seenBy.map(({ party, saw }) => [party, saw]),
      ),
    ].join("\n"),
  );
  return [...blocks, "", printCost(report)].join("\n");
}

export function printHeartDisease(report: HeartDiseaseReport): string {
  const { ownCentre, majority } = report.baselines;
  const centres = Object.keys(report.accuracy.byCentre);
  const rows = [
    ...rowsOf("mesh", report),
    ...rowsOf("own centre's outcomes", ownCentre),
    ...rowsOf("own majority class", majority),
  ];
  const { fedAvg, bestFederated, centralised } = report.published;
  return [
    formatTable(
      ["", "pooled", ...centres],
      rows.map(([title, { pooled, byCentre }]) => [
        title,
        pooled.toFixed(3),
        ...centres.map((centre) => (byCentre[centre] ?? 0).toFixed(3)),
      ]),
    ),
    "",
    `published on the same split, pooled accuracy: FedAvg ${fedAvg}, best federated ${bestFederated}, centralised ${centralised}`,
    printCost(report),
  ].join("\n");
}

function rowsOf(title: string, table: Pick<HeartDiseaseReport, "accuracy" | "balancedAccuracy">) {
  return [
    [`${title}: accuracy`, table.accuracy],
    [`${title}: balanced`, table.balancedAccuracy],
  ] as const;
}

export function printRareDisease(report: RareDiseaseReport): string {
  return [
    `recall@${report.k} against exact search over all patients: ` +
      `${report.recallAt10.capped.toFixed(4)} asking at most ${report.originCap} origins, ` +
      `${report.recallAt10.all.toFixed(4)} asking all`,
    printCost(report),
  ].join("\n");
}

function printCost(cost: Cost): string {
  const { coverage } = cost;
  return [
    `data: ${cost.source}`,
    `${cost.organisations} organisations, ${cost.records} records, ${cost.entries} entries; ${cost.queries} queries`,
    `median a query: ${cost.lookupRequests.median} lookup requests, ${cost.originsAsked.median} origins asked, ` +
      `${(cost.bytesPerQuery.median / 1000).toFixed(1)} kB of bodies, ${cost.milliseconds.median.toFixed(0)} ms`,
    `coverage: ${coverage.slotsAnswered} of ${coverage.slotsAsked} slots, ` +
      `${coverage.originsAnswered} of ${coverage.originsAsked} origins answered`,
  ].join("\n");
}
