/** The plots of one way of growing. */
import { lineChart, type Plot, type Point } from "../suite/plots.ts";
import { recallAt } from "./ask.ts";
import { at1000, messagesOf, rhoOf, branchPoints } from "./exponents.ts";
import type { Growth } from "./population.ts";
import { settingName } from "./settings.ts";
import { ORGANISATIONS, RECALL, type SizeFigures } from "./size.ts";

export function charts(growth: Growth, sizes: readonly SizeFigures[]): Plot[] {
  return [
    lineChart(
      {
        name: `${growth}-messages`,
        title: `Messages a query at recall@10 of ${RECALL}`,
        x: "organisations",
        y: "messages",
        logX: true,
        logY: true,
      },
      [
        ...ORGANISATIONS.map((x): Point => ({ x, y: x, series: "broadcast" })),
        ...sizes.flatMap(({ records, byChosen }) =>
          byChosen.flatMap((mesh): Point[] => {
            const y = messagesOf(mesh);
            return y === undefined ? [] : [{ x: mesh.organisations, y, series: named(records) }];
          }),
        ),
      ],
    ),
    lineChart(
      {
        name: `${growth}-recall`,
        title: "Recall@10 of all that is found, 1,000 organisations",
        x: "records",
        y: "recall@10",
        logX: true,
      },
      sizes.flatMap(({ records, tried }) =>
        tried.map(({ setting, asked }): Point => {
          return { x: records, y: recallAt(asked, Infinity), series: settingName(setting) };
        }),
      ),
    ),
    lineChart(
      {
        name: `${growth}-rows`,
        title: "Rows compared a query, 1,000 organisations",
        x: "records",
        y: "rows",
        logX: true,
        logY: true,
      },
      [
        ...sizes.map(({ records }): Point => ({ x: records, y: records, series: "all" })),
        ...sizes.flatMap(({ records, byDefault, byChosen }) =>
          [
            { series: "default setting", mesh: at1000(byDefault) },
            { series: `for recall of ${RECALL}`, mesh: at1000(byChosen) },
          ].flatMap(({ series, mesh }): Point[] =>
            mesh ? [{ x: records, y: mesh.rowsScanned, series }] : [],
          ),
        ),
      ],
    ),
    branchesChart(growth, sizes),
    lineChart(
      {
        name: `${growth}-storage`,
        title: "Entries that an organisation holds",
        x: "organisations",
        y: "entries",
        logX: true,
        logY: true,
      },
      sizes.flatMap(({ records, byChosen }) =>
        byChosen.map(({ organisations, storage }): Point => ({
          x: organisations,
          y: storage.entries,
          series: named(records),
        })),
      ),
    ),
  ];
}

function branchesChart(growth: Growth, sizes: readonly SizeFigures[]): Plot {
  const { measured, expected } = branchPoints(sizes);
  const [first] = expected.toSorted((a, b) => a.x - b.x);
  const last = sizes.at(-1);
  const slope = last ? rhoOf(last) : 0;
  return lineChart(
    {
      name: `${growth}-branches`,
      title: `Branches for ${RECALL} of the best answers`,
      x: "records / candidates",
      y: "branches",
      logX: true,
      logY: true,
    },
    [
      ...measured.map((point): Point => ({ ...point, series: "measured" })),
      ...expected.map((point): Point => ({ ...point, series: "expected" })),
      ...expected.map(({ x }): Point => {
        const y = first ? first.y * (x / first.x) ** slope : 0;
        return { x, y, series: `n^rho, rho = ${slope.toFixed(2)}` };
      }),
    ],
  );
}

function named(records: number): string {
  return `${records.toLocaleString("en")} records`;
}
