/**
 * Dealing real rows to centres anew, ever less alike. Labels: a centre's share of disease is further from the others'.
 * Features: centres hold ever narrower ranges of age and heart rate. Measurement: instruments read ever further off.
 */
import type { Random } from "../../examples/random.ts";
import { mean } from "../suite/bootstrap.ts";
import { encodeRow, makeTask, type HeartRows, type Row, type Task } from "./rows.ts";

export const KINDS = ["labels", "features", "measurement"] as const;
export type Kind = (typeof KINDS)[number];

export const CENTRES = ["a", "b", "c", "d"];
/** At level 1 an instrument is off by this many standard deviations of its readings. */
const SHIFT_MAX = 2;
const SHIFTED = ["restingBloodPressure", "cholesterol", "maxHeartRate", "stDepression"];

/** All rows in random order, dealt to centres, two thirds of each to learn from. */
export function deal(heart: HeartRows, kind: Kind, level: number, random: Random): Task {
  const raw = [...heart.raw.train, ...heart.raw.test];
  const all = random
    .sample(raw, raw.length)
    .map((row) => ({ row, encoded: encodeRow(heart.compiled, row) }));
  const centreOf = dealers[kind](
    all.map(({ encoded }) => encoded),
    level,
    random,
  );
  const shifts = kind === "measurement" ? drawShifts(raw, level, random) : undefined;
  const rows = all.map(({ row, encoded }, i) => {
    const centre = centreOf(i);
    const shift = shifts?.get(centre);
    if (!shift) return { ...encoded, centre };
    const profile = Object.fromEntries(
      Object.entries(row.profile).map(([name, value]) => [name, value + (shift[name] ?? 0)]),
    );
    return { ...encodeRow(heart.compiled, { ...row, profile }), centre };
  });
  const train: Row[] = [];
  const test: Row[] = [];
  for (const centre of CENTRES) {
    const own = rows.filter((row) => row.centre === centre);
    train.push(...own.slice(0, Math.ceil((2 * own.length) / 3)));
    test.push(...own.slice(Math.ceil((2 * own.length) / 3)));
  }
  return makeTask({ compiled: heart.compiled, train, test, centres: CENTRES });
}

type Dealer = (rows: readonly Row[], level: number, random: Random) => (row: number) => string;

const centreAt = (position: number): string =>
  CENTRES[Math.min(CENTRES.length - 1, Math.floor(position * CENTRES.length))] ?? "";

/** Equal shares in the order of `rank`, but for the share 1 - `level` that is dealt at random. */
function dealByRank(
  rows: readonly Row[],
  rank: (row: Row) => number,
  level: number,
  random: Random,
): (row: number) => string {
  const noise = rows.map(() => random.unit());
  const ranked = [...rows.keys()].toSorted((a, b) => {
    const [left, right] = [rows[a], rows[b]];
    return left && right ? rank(left) - rank(right) || (noise[a] ?? 0) - (noise[b] ?? 0) : 0;
  });
  const mixed = new Set(random.sample(ranked, Math.round((1 - level) * rows.length)));
  const shuffled = random.sample([...mixed], mixed.size);
  let next = 0;
  const order = ranked.map((row) => (mixed.has(row) ? (shuffled[next++] ?? row) : row));
  const positions = new Map(order.map((row, i) => [row, i / rows.length]));
  return (row) => centreAt(positions.get(row) ?? 0);
}

const dealers: Readonly<Record<Kind, Dealer>> = {
  labels: (rows, level, random) => dealByRank(rows, ({ y }) => y, level, random),
  // Age less heart rate, each by its usual spread: old with a slow heart at one end.
  features: (rows, level, random) => {
    const numbers = rows.map(({ x }) => [x[0] ?? 0, x[5] ?? 0] as const);
    const ranks = new Map(
      rows.map((row, i) => {
        const [age, heartRate] = numbers[i] ?? [0, 0];
        return [row, age / 9 - heartRate / 25];
      }),
    );
    return dealByRank(rows, (row) => ranks.get(row) ?? 0, level, random);
  },
  measurement: (rows, _level, random) => dealByRank(rows, () => 0, 0, random),
};

function drawShifts(
  rows: HeartRows["raw"]["train"],
  level: number,
  random: Random,
): ReadonlyMap<string, Readonly<Record<string, number>>> {
  const spreads = SHIFTED.map((name) => {
    const values = rows.map(({ profile }) => profile[name] ?? 0);
    const centre = mean(values);
    return [name, Math.sqrt(mean(values.map((value) => (value - centre) ** 2)))] as const;
  });
  return new Map(
    CENTRES.map((centre) => [
      centre,
      Object.fromEntries(
        spreads.map(([name, spread]) => [
          name,
          level * SHIFT_MAX * spread * (2 * random.unit() - 1),
        ]),
      ),
    ]),
  );
}
