/** The tables and plots of the parts `heart` and `rare`. */
import type { Table } from "../suite/bench.ts";
import { intervalChart, lineChart, type Plot } from "../suite/plots.ts";
import type { AdvantageFigures, SettingFigures } from "./measure.ts";
import type { QueryFigures } from "./queries.ts";
import type { SeenFigures } from "./seen.ts";
import {
  DEFAULT_POLICY,
  SINGLE_RECORDS,
  type PrivacySetting,
} from "../../client/cli/calibrate/privacy/index.ts";

interface Row {
  readonly setting: PrivacySetting;
  readonly figures: SettingFigures;
}
type Rows = readonly Row[];
type BySeen = readonly { readonly setting: string; readonly figures: SeenFigures }[];

const WHO = [
  "Advantage: accuracy less that of the best guess without entries, mean over the attributes; 95 % intervals by bootstrap over victims.",
  "With families: whoever can compute signatures, that is anyone in a public domain, and a member with the secret in a keyed one. Dump: has all entries and not the secret of a keyed domain: an outsider with a leaked shard, or a shard operator of another circle. 50 pairs: also knows whose 50 of the entries are.",
];

export function settingsTable(name: string, rows: Rows, asked: readonly number[]): Table {
  return {
    title: `${name}: attribute inference under each setting`,
    headers: [
      "setting",
      "entries",
      "given an entry: with families",
      "dump",
      "dump, 50 pairs",
      "known person: with families",
      "dump",
      "person not held: with families",
      "dump",
      ...asked.map((count) => `recall@10, ${count} asked`),
    ],
    rows: rows.map(
      ({ setting, figures: { entries, behindEntry, knownPerson, notHeld, recall } }) => [
        setting.name,
        String(entries),
        withInterval(behindEntry.families),
        withInterval(behindEntry.dump),
        withInterval(behindEntry.pairs),
        withInterval(knownPerson.families),
        withInterval(knownPerson.dump),
        withInterval(notHeld.families),
        withInterval(notHeld.dump),
        ...recall.map((share) => share.toFixed(3)),
      ],
    ),
    notes: WHO,
  };
}

export function membershipTable(name: string, rows: Rows): Table {
  return {
    title: `${name}: membership inference`,
    headers: [
      "setting",
      "with families: AUC - 0.5",
      "TPR at FPR 0.01",
      "at 0.1",
      "dump: AUC - 0.5",
      "TPR at FPR 0.01",
      "at 0.1",
    ],
    rows: rows.map(({ setting, figures: { membership } }) => [
      setting.name,
      ...membershipCells(membership.families),
      ...membershipCells(membership.dump),
    ]),
    notes: [
      "200 people who are published, and 200 (or as many as there are) of whom no origin has a record.",
    ],
  };
}

function membershipCells({
  auc,
  interval,
  tprAt01,
  tprAt10,
}: SettingFigures["membership"]["families"]): string[] {
  return [withInterval({ value: auc, ...interval }), tprAt01.toFixed(2), tprAt10.toFixed(2)];
}

export function attributesTable(name: string, rows: Rows): Table {
  const chosen = rows.filter(
    ({ setting }) => setting === SINGLE_RECORDS || setting.name === DEFAULT_POLICY.name,
  );
  const columns = chosen.flatMap(({ setting, figures: { behindEntry, knownPerson } }) =>
    [
      ["given an entry, with families", behindEntry.families] as const,
      ["given an entry, dump", behindEntry.dump] as const,
      ["known person, with families", knownPerson.families] as const,
      ["known person, dump", knownPerson.dump] as const,
    ].map(([who, figures]) => ({ title: `${setting.name}: ${who}`, figures })),
  );
  const names = chosen[0]?.figures.behindEntry.families.attributes.map((each) => each.name) ?? [];
  return {
    title: `${name}: by attribute, accuracy without entries + advantage`,
    headers: ["attribute", ...columns.map(({ title }) => title)],
    rows: names.map((attribute) => [
      attribute,
      ...columns.map(({ figures }) => {
        const own = figures.attributes.find((each) => each.name === attribute);
        return own ? `${own.prior.toFixed(2)} ${signed(own.attack - own.prior, 2)}` : "";
      }),
    ]),
  };
}

export function queriesTable(name: string, { queries, families, dump }: QueryFigures): Table {
  return {
    title: `${name}: query inference by a shard`,
    headers: ["what the shard knows", "queries seen", "advantage"],
    rows: [
      ["the hash families", "1", withInterval(families)],
      ["a keyed domain without its secret", "1", "0 (all symbols are as likely)"],
      ["a keyed domain without its secret", String(queries), withInterval(dump)],
    ],
    notes: [
      "A lookup shows every shard that it asks the query's whole signature; no setting of an origin changes it.",
    ],
  };
}

export function seenTable(name: string, bySeen: BySeen): Table {
  const counts = [...new Set(bySeen.flatMap(({ figures }) => figures.map(({ seen }) => seen)))];
  return {
    title: `${name}: keyed domain, without its secret, by entries seen`,
    headers: ["setting", ...counts.map(String)],
    rows: bySeen.map(({ setting, figures }) => [
      setting,
      ...counts.map((count) => {
        const own = figures.find(({ seen }) => seen === count);
        return own ? withInterval(own) : "";
      }),
    ]),
  };
}

const RECALL_LOSS_MAX = 0.02;

/** Goal 6 under each reading of "what is inferred", for the default policy in a keyed domain. */
export function goalTable(name: string, rows: Rows, asked: readonly number[]): Table {
  const plain = rows.find(({ setting }) => setting === SINGLE_RECORDS)?.figures;
  const own = rows.find(({ setting }) => setting.name === DEFAULT_POLICY.name)?.figures;
  if (!plain || !own) throw new Error("the plain and the default setting are always measured");
  const outsider = (which: "behindEntry" | "knownPerson", what: string): string[] => [
    `outsider, whole dump: ${what}`,
    "not told from 0",
    withInterval(own[which].dump),
    own[which].dump.low <= 0 ? "met" : "not met",
  ];
  const operator = (
    which: "behindEntry" | "knownPerson",
    who: "families" | "dump",
    what: string,
  ): string[] => {
    const most = plain[which].families.value / 2;
    return [
      `shard operator ${who === "families" ? "with" : "without"} the secret: ${what}`,
      `at most ${most.toFixed(3)}`,
      withInterval(own[which][who]),
      own[which][who].value <= most ? "met" : "not met",
    ];
  };
  return {
    title: `${name}: goal 6, default policy in a keyed domain`,
    headers: ["what", "goal", "measured", ""],
    rows: [
      ["outsider, one entry: an attribute of whom it is of", "not told from 0", "0", "met"],
      outsider("behindEntry", "an attribute of a person behind an entry"),
      outsider("knownPerson", "an attribute of a known person"),
      operator("behindEntry", "dump", "a person behind an entry"),
      operator("behindEntry", "families", "a person behind an entry"),
      operator("knownPerson", "dump", "a known person"),
      operator("knownPerson", "families", "a known person"),
      ...asked.map((count, i) => {
        const loss = (plain.recall[i] ?? 0) - (own.recall[i] ?? 0);
        return [
          `recall@10 lost, ${count} origins asked`,
          `at most ${RECALL_LOSS_MAX}`,
          `${loss.toFixed(3)} (of ${(plain.recall[i] ?? 0).toFixed(3)})`,
          loss <= RECALL_LOSS_MAX ? "met" : "not met",
        ];
      }),
    ],
  };
}

export function plotsOf(
  name: string,
  rows: Rows,
  bySeen: BySeen,
  asked: readonly number[],
): Plot[] {
  const file = `leakage-${name.replaceAll(" ", "-")}`;
  const panels = [
    ["given an entry, with families", (each: SettingFigures) => each.behindEntry.families],
    ["given an entry, dump", (each: SettingFigures) => each.behindEntry.dump],
    ["known person, with families", (each: SettingFigures) => each.knownPerson.families],
    ["known person, dump", (each: SettingFigures) => each.knownPerson.dump],
  ] as const;
  const last = asked.length - 1;
  return [
    intervalChart(
      { name: file, title: `${name}: advantage of attribute inference`, x: "advantage" },
      panels.flatMap(([panel, figuresOf]) =>
        rows.map(({ setting, figures }) => {
          const { value, low, high } = figuresOf(figures);
          return { series: setting.name, panel, y: value, low, high };
        }),
      ),
    ),
    intervalChart(
      {
        name: `${file}-recall`,
        title: `${name}: recall@10, ${asked[last]} origins asked`,
        x: "recall@10",
      },
      rows.map(({ setting, figures }) => ({
        series: setting.name,
        y: figures.recall[last] ?? 0,
      })),
    ),
    ...(bySeen.length === 0
      ? []
      : [
          lineChart(
            {
              name: `${file}-seen`,
              title: `${name}: keyed domain, without its secret`,
              x: "entries seen",
              y: "advantage",
              logX: true,
            },
            bySeen.flatMap(({ setting, figures }) =>
              figures.map(({ seen, value, low, high }) => ({
                x: seen,
                y: value,
                low,
                high,
                series: setting,
              })),
            ),
          ),
        ]),
  ];
}

function withInterval({
  value,
  low,
  high,
}: Pick<AdvantageFigures, "value" | "low" | "high">): string {
  return `${signed(value, 3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(digits)}`;
}
