/** The tables of one way of growing. */
import type { Table } from "../suite/bench.ts";
import { formatBytes, formatCount } from "../suite/units.ts";
import { originsFor, recallAt } from "./ask.ts";
import { messagesOf, rhoOf } from "./exponents.ts";
import { branchesFor } from "./found.ts";
import { BRANCHES, TREES, type Growth } from "./population.ts";
import { DEFAULT_SETTING, settingName } from "./settings.ts";
import { RECALL, type MeshFigures, type SizeFigures } from "./size.ts";
import { expectedDistinct } from "./theory.ts";

/** Origins that goal 1 allows. */
const ORIGINS_GOAL = 32;
const FEWER_GOAL = 20;
const GROWTH_GOAL = 2;

export function populationTable(sizes: readonly SizeFigures[]): Table {
  return {
    title: "The population",
    headers: ["records", "queries", "similarity of the 1st", "of the 10th", "of all", "rho"],
    rows: sizes.map((size) => [
      formatCount(size.records),
      String(size.queries),
      size.survey.first.toFixed(3),
      size.survey.tenth.toFixed(3),
      size.survey.all.toFixed(3),
      rhoOf(size).toFixed(3),
    ]),
  };
}

export function defaultTable(sizes: readonly SizeFigures[]): Table {
  return {
    title: `By default: ${TREES} trees, ${settingName(DEFAULT_SETTING)} candidates`,
    headers: [
      "records",
      "organisations",
      "lookup requests (confirming)",
      "nodes asked",
      "rows a query",
      "rows at one shard",
      `recall@10, ${ORIGINS_GOAL} origins`,
      "with all found",
      `origins for ${RECALL}`,
      "bytes a query",
    ],
    rows: sizes.flatMap((size) =>
      size.byDefault.map((mesh) => [
        formatCount(size.records),
        formatCount(mesh.organisations),
        `${mesh.lookupRequests.toFixed(1)} (${mesh.confirmations.toFixed(1)})`,
        mesh.nodesAsked.toFixed(1),
        formatCount(mesh.rowsScanned),
        formatCount(mesh.rowsScannedByOneShard),
        recallAt(mesh, ORIGINS_GOAL).toFixed(3),
        recallAt(mesh, Infinity).toFixed(3),
        originsText(mesh.origins),
        bytesText(size, mesh),
      ]),
    ),
    notes: [
      `Found: 256 origins at most. Bytes: lookups that return as many origins as are asked for ${RECALL} (256 where it is not reached), and asking these, ten results each.`,
    ],
  };
}

export function settingsTable(sizes: readonly SizeFigures[]): Table {
  return {
    title: "Settings tried, 1,000 organisations",
    headers: [
      "records",
      "branches x candidates",
      `recall@10, ${ORIGINS_GOAL} origins`,
      "with all found",
      `origins for ${RECALL}`,
      "lookup requests",
      "rows a query",
      "of all records",
    ],
    rows: sizes.flatMap((size) =>
      size.tried.map(({ setting, asked }) => {
        return [
          formatCount(size.records),
          settingName(setting),
          recallAt(asked, ORIGINS_GOAL).toFixed(3),
          recallAt(asked, Infinity).toFixed(3),
          originsText(originsFor(asked, RECALL)),
          asked.lookupRequests.toFixed(1),
          formatCount(asked.rowsScanned),
          `${((100 * asked.rowsScanned) / size.records).toFixed(2)} %`,
        ];
      }),
    ),
  };
}

export function messagesTable(sizes: readonly SizeFigures[]): Table {
  return {
    title: `Messages a query at recall@10 of ${RECALL}, beside broadcast`,
    headers: [
      "records",
      "branches x candidates",
      "organisations",
      "lookup requests",
      "by occupancy",
      "origins",
      "messages",
      "broadcast",
      "fewer by",
      "bytes a query",
    ],
    rows: sizes.flatMap((size) =>
      size.byChosen.map((mesh) => {
        const messages = messagesOf(mesh);
        return [
          formatCount(size.records),
          settingName(size.chosen),
          formatCount(mesh.organisations),
          mesh.lookupRequests.toFixed(1),
          expectedDistinct(TREES, mesh.organisations).toFixed(1),
          originsText(mesh.origins),
          messages?.toFixed(1) ?? "",
          formatCount(mesh.organisations),
          messages === undefined ? "" : `${(mesh.organisations / messages).toFixed(1)} x`,
          bytesText(size, mesh),
        ];
      }),
    ),
    notes: [
      "The setting is the first of those tried after which the next saves less than one message. By occupancy: distinct nodes where one replica of each slot is asked at random.",
    ],
  };
}

export function branchesTable(sizes: readonly SizeFigures[]): Table {
  const candidates = [
    ...new Set(sizes.flatMap(({ survey }) => survey.found.map((found) => found.candidates))),
  ];
  return {
    title: `Branches of each of ${TREES} trees needed for ${RECALL} of the best answers to be among the candidates: measured (expected)`,
    headers: ["records", ...candidates.map((count) => `${formatCount(count)} candidates`)],
    rows: sizes.map(({ records, survey }) => [
      formatCount(records),
      ...candidates.map((count) => {
        const found = survey.found.find((each) => each.candidates === count);
        return `${branchesText(found?.measured)} (${branchesText(found?.expected)})`;
      }),
    ]),
    notes: [
      "Expected: with independent trees and branches, from the similarities of all records to the queries. Ranking aside: all that is found counts.",
    ],
  };
}

export function storageTable(sizes: readonly SizeFigures[]): Table {
  return {
    title: "Storage an organisation",
    headers: [
      "records",
      "organisations",
      "own records",
      "entries held",
      "at the fullest node",
      "bytes",
      "at the fullest",
      "hottest slot",
    ],
    rows: sizes.flatMap(({ records, rowBytes, byChosen }) =>
      byChosen.map(({ organisations, storage }) => [
        formatCount(records),
        formatCount(organisations),
        formatCount(records / organisations),
        formatCount(storage.entries),
        formatCount(storage.entriesMost),
        formatBytes(storage.entries * rowBytes),
        formatBytes(storage.entriesMost * rowBytes),
        `${(100 * storage.hottestSlot).toFixed(0)} %`,
      ]),
    ),
    notes: [
      `From 5,000 of the records. An entry is stored once a node, whichever slots bring it there: ${sizes[0]?.rowBytes.toFixed(0) ?? ""} bytes in a shard's table. Hottest slot: the share of all records that have it.`,
    ],
  };
}

export function goalTable(growth: Growth, sizes: readonly SizeFigures[]): Table {
  const rows = sizes.flatMap((size) => {
    const at = (organisations: number): MeshFigures | undefined =>
      size.byChosen.find((mesh) => mesh.organisations === organisations);
    const [hundred, thousand, tenThousand] = [100, 1000, 10_000].map(at);
    const few = hundred && messagesOf(hundred);
    const many = tenThousand && messagesOf(tenThousand);
    const grown = few === undefined || many === undefined ? undefined : many / few;
    return [
      ...[thousand, tenThousand].flatMap((mesh) => {
        const messages = mesh && messagesOf(mesh);
        const fewer = messages === undefined || !mesh ? undefined : mesh.organisations / messages;
        return [
          [
            `${formatCount(size.records)} records, ${formatCount(mesh?.organisations ?? 0)} organisations`,
            "messages fewer than broadcast's by",
            `${FEWER_GOAL} x`,
            fewer === undefined ? "recall not reached" : `${fewer.toFixed(1)} x`,
            verdict(fewer !== undefined && fewer >= FEWER_GOAL),
          ],
        ];
      }),
      [
        `${formatCount(size.records)} records`,
        "growth of messages, 100 to 10,000 organisations",
        `< ${GROWTH_GOAL} x`,
        grown === undefined ? "recall not reached" : `${grown.toFixed(2)} x`,
        verdict(grown !== undefined && grown < GROWTH_GOAL),
      ],
    ];
  });
  const along = alongTable(sizes);
  return {
    title: `Goal 2 at recall@10 of ${RECALL}, ${growth}`,
    headers: ["mesh", "figure", "goal", "measured", ""],
    rows: [...rows, ...along],
  };
}

/** Growth where records come with organisations: 100 records each. */
function alongTable(sizes: readonly SizeFigures[]): string[][] {
  const messages = [100, 10_000].map((organisations) => {
    const size = sizes.find(({ records }) => records === 100 * organisations);
    const mesh = size?.byChosen.find((each) => each.organisations === organisations);
    return mesh && messagesOf(mesh);
  });
  const [few, many] = messages;
  if (few === undefined || many === undefined) return [];
  return [
    [
      "100 records an organisation",
      "growth of messages, 100 to 10,000 organisations",
      `< ${GROWTH_GOAL} x`,
      `${(many / few).toFixed(2)} x`,
      verdict(many / few < GROWTH_GOAL),
    ],
  ];
}

function verdict(isMet: boolean): string {
  return isMet ? "met" : "not met";
}

function originsText(origins: number | undefined): string {
  return origins === undefined ? "not reached" : String(origins);
}

function branchesText(found: readonly number[] | undefined): string {
  const branches = found && branchesFor(found, RECALL);
  return branches === undefined ? `> ${BRANCHES}` : String(branches);
}

function bytesText({ originBytes }: SizeFigures, mesh: MeshFigures): string {
  const origins = mesh.origins ?? mesh.originsFound;
  return formatBytes(mesh.bytes + origins * originBytes);
}
