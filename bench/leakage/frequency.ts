/**
 * The attack of whoever cannot compute a keyed domain's signatures, but sees many of them and knows the population: it
 * learns what each symbol stands for from how often symbols occur, and occur together. A latent-class model by
 * expectation maximisation (Dempster, Laird & Rubin 1977): an entry is of a person like one that is known, and each
 * position has an unknown table from a feature's class to symbols. It starts from matched frequencies (Naveed, Kamara &
 * Wright 2015) and, for ordered features, from the order in which neighbouring values share symbols (Atkins, Boman &
 * Hendrickson 1998), and then tries every renaming of classes that makes the entries likelier.
 */
import type { Random } from "../../examples/random.ts";
import type { RoutingPlan } from "../../protocol/index.ts";
import { matchFrequencies, orderBySharing } from "./matching.ts";
import {
  createModel,
  type Fitted,
  type KnownClasses,
  type Latent,
  type Model,
  type Reading,
  type Soft,
} from "./latent-classes.ts";

/** Reads an entry: what it tells of each latent feature, and of whom among the known it is like. */
export type SymbolReader = (signature: Uint8Array) => Omit<Reading, "likelihood">;

/** Entries that tables are learnt from; any can then be read by them. */
const LEARNT_MAX = 240;
/** Known people that the joint distribution is told by. */
const KNOWN_MAX = 200;
const STARTS = 2;
const STEPS = 12;
const STEPS_AFTER_RENAMING = 4;
/** Rounds of trying all renamings. */
const ROUNDS = 2;

export function learnSymbols(
  plan: RoutingPlan,
  seen: readonly Uint8Array[],
  latents: readonly Latent[],
  known: readonly KnownClasses[],
  random: Random,
): SymbolReader {
  const learnt = random.sample([...seen], LEARNT_MAX);
  const people = random.sample([...known.keys()], KNOWN_MAX);
  const model = createModel(
    plan,
    latents,
    people.map((i) => known[i] ?? []),
  );
  let best: Fitted | undefined;
  for (let start = 0; start < STARTS; start++) {
    const found = improve(model, learnt, latents, firstGuess(plan, learnt, latents, model, random));
    if (!best || found.likelihood > best.likelihood) best = found;
  }
  const { tables = [] } = best ?? {};
  const read = new WeakMap<Uint8Array, ReturnType<SymbolReader>>();
  return (signature) => {
    const before = read.get(signature);
    if (before) return before;
    const { classes, likeness } = model.read(tables, signature);
    const all = Array.from<number>({ length: known.length }).fill(0);
    for (const [i, person] of people.entries()) all[person] = likeness[i] ?? 0;
    const reading = { classes, likeness: all };
    read.set(signature, reading);
    return reading;
  };
}

/** By entry, by latent: its class, first by what one feature's own symbols say. */
function firstGuess(
  { featureAt }: RoutingPlan,
  signatures: readonly Uint8Array[],
  latents: readonly Latent[],
  model: Model,
  random: Random,
): Soft {
  const byLatent = latents.map(({ feature, isOrdered }, f) => {
    const positions = [...featureAt.keys()].filter((at) => featureAt[at] === feature);
    const parts = signatures.map((signature) => positions.map((at) => signature[at] ?? 0));
    const shares = model.priors[f] ?? [];
    const guessed = isOrdered
      ? orderBySharing(parts, shares, random.unit() < 0.5)
      : matchFrequencies(parts, shares);
    return guessed.map((guess) => shares.map((_, v) => (guess === v ? 1 : 0)));
  });
  return signatures.map((_, i) => byLatent.map((guesses) => guesses[i] ?? []));
}

function improve(
  model: Model,
  signatures: readonly Uint8Array[],
  latents: readonly Latent[],
  guess: Soft,
): Fitted {
  let fitted = model.fit(signatures, guess, STEPS);
  for (let round = 0; round < ROUNDS; round++) {
    const before = fitted.likelihood;
    for (const [f, latent] of latents.entries()) {
      for (const naming of renamings(latent)) {
        const renamed = fitted.soft.map((entry) =>
          entry.map((classes, i) => (i === f ? naming.map((v) => classes[v] ?? 0) : classes)),
        );
        const tried = model.fit(signatures, renamed, STEPS_AFTER_RENAMING);
        if (tried.likelihood > fitted.likelihood) fitted = tried;
      }
    }
    if (fitted.likelihood === before) break;
  }
  return fitted;
}

/** An order can only be the wrong way round; names can be exchanged. */
function renamings({ classes, isOrdered }: Latent): number[][] {
  const names = Array.from({ length: classes }, (_, v) => v);
  if (isOrdered) return [names.toReversed()];
  return names.flatMap((a) =>
    names.slice(a + 1).map((b) => names.map((v) => (v === a ? b : v === b ? a : v))),
  );
}
