/** Growth exponents: fitted beside expected. */
import type { Table } from "../suite/bench.ts";
import { fitExponent, type Exponent } from "./fit.ts";
import { branchesFor } from "./found.ts";
import { ORGANISATIONS, RECALL, type MeshFigures, type SizeFigures } from "./size.ts";
import { expectedDistinct, rho } from "./theory.ts";
import { BRANCHES, TREES } from "./population.ts";
import { DEFAULT_SETTING, settingName } from "./settings.ts";

export interface GrowthFit {
  readonly figure: string;
  readonly over: string;
  readonly points: number;
  readonly fitted: Exponent | undefined;
  readonly expected: string;
}

interface XY {
  readonly x: number;
  readonly y: number;
}

/** From as many organisations on, growth is asked for. */
const FROM_ORGANISATIONS = 100;

export function growthFits(sizes: readonly SizeFigures[]): GrowthFit[] {
  const perSize = sizes.flatMap((size) => {
    const name = `${size.records.toLocaleString("en")} records`;
    const nodes = ORGANISATIONS.filter((n) => n >= FROM_ORGANISATIONS);
    const occupancy = fitExponent(nodes.map((x) => ({ x, y: expectedDistinct(TREES, x) })));
    return [
      fit(
        `lookup requests, ${name}`,
        "organisations",
        overNodes(size, (mesh) => mesh.lookupRequests),
        {
          expected: `${three(occupancy?.exponent)} (occupancy)`,
        },
      ),
      fit(
        `origins asked for ${RECALL}, ${name}`,
        "organisations",
        overNodes(size, (mesh) => mesh.origins),
        {
          expected: "0 once each holds one answer at most",
        },
      ),
      fit(`messages for ${RECALL}, ${name}`, "organisations", overNodes(size, messagesOf), {
        expected: "",
      }),
      fit(
        `entries an organisation, ${name}`,
        "organisations",
        overNodes(size, (mesh) => mesh.storage.entries),
        { expected: "-1 once keys fall on different nodes" },
      ),
    ];
  });
  const branches = branchPoints(sizes);
  const last = sizes.at(-1);
  const rhos = sizes.map(rhoOf);
  return [
    fit(`branches for ${RECALL} of the best answers`, "records / candidates", branches.measured, {
      expected: `${three(Math.min(...rhos))} to ${three(Math.max(...rhos))} (rho)`,
    }),
    fit("the same, as theory expects", "records / candidates", branches.expected, {
      expected: `${three(last && rhoOf(last))} (rho)`,
    }),
    fit(
      "rows compared, default setting",
      "records",
      sizes.flatMap(({ records, byDefault }) => pointOf(records, at1000(byDefault)?.rowsScanned)),
      { expected: "0: as many as candidates" },
    ),
    fit(
      `rows compared for ${RECALL}`,
      "records",
      sizes.flatMap(({ records, byChosen }) => {
        const mesh = at1000(byChosen);
        return pointOf(records, mesh?.origins === undefined ? undefined : mesh.rowsScanned);
      }),
      { expected: "1 where candidates grow, rho where branches do" },
    ),
    ...perSize,
  ];
}

function overNodes({ byChosen }: SizeFigures, of: (mesh: MeshFigures) => number | undefined): XY[] {
  return byChosen
    .filter(({ organisations }) => organisations >= FROM_ORGANISATIONS)
    .flatMap((mesh) => pointOf(mesh.organisations, of(mesh)));
}

/** Of a mesh, lookup requests and origins asked for `RECALL`. */
export function messagesOf({ lookupRequests, origins }: MeshFigures): number | undefined {
  return origins === undefined ? undefined : lookupRequests + origins;
}

export function rhoOf({ survey }: SizeFigures): number {
  return rho(survey.tenth, survey.all);
}

export function at1000(meshes: readonly MeshFigures[]): MeshFigures | undefined {
  return meshes.find(({ organisations }) => organisations === 1000);
}

/** Of all sizes and candidates: depth depends on records / candidates alone, so they are points of one line. */
export function branchPoints(sizes: readonly SizeFigures[]): {
  readonly measured: XY[];
  readonly expected: XY[];
} {
  const points = sizes.flatMap(({ records, survey }) =>
    survey.found.map((found) => ({ x: records / found.candidates, ...found })),
  );
  // Where one branch suffices, fewer might.
  const isBound = ({ y }: XY): boolean => y > 1;
  return {
    measured: points
      .flatMap(({ x, measured }) => pointOf(x, branchesFor(measured, RECALL)))
      .filter(isBound),
    expected: points
      .flatMap(({ x, expected }) => pointOf(x, branchesFor(expected, RECALL)))
      .filter(isBound),
  };
}

function pointOf(x: number, y: number | undefined): XY[] {
  return y === undefined ? [] : [{ x, y }];
}

function fit(
  figure: string,
  over: string,
  points: readonly XY[],
  { expected }: { readonly expected: string },
): GrowthFit {
  return { figure, over, points: points.length, fitted: fitExponent(points), expected };
}

export function exponentTable(fits: readonly GrowthFit[]): Table {
  return {
    title: "Growth exponents",
    headers: ["figure", "over", "points", "fitted [95 %]", "expected"],
    rows: fits.map(({ figure, over, points, fitted, expected }) => [
      figure,
      over,
      String(points),
      fitted === undefined ? "" : exponentText(fitted),
      expected,
    ]),
    notes: [
      `Least squares in logarithms. Two points have no interval. Over organisations: from ${FROM_ORGANISATIONS} on. Branches: of ${BRANCHES} at most, where one does not suffice; by default ${settingName(DEFAULT_SETTING)} candidates.`,
    ],
  };
}

function exponentText({ exponent, low, high }: Exponent): string {
  if (low === undefined || high === undefined) return three(exponent);
  return `${three(exponent)} [${three(low)}, ${three(high)}]`;
}

function three(value: number | undefined): string {
  return value === undefined ? "" : value.toFixed(3).replace("-0.000", "0.000");
}
