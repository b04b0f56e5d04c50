/** What asking one origin takes: a query and a signed answer with all the results that may be wanted. */
import { encodeProfile, type CompiledDomain, type Profile } from "../../protocol/index.ts";
import { originExchangeBytes } from "../routing/origin-exchange.ts";
import { K } from "./ask.ts";
import { findingName, PROFILE_MAX, type Population } from "./population.ts";

/** In bytes, with HTTP headers. An origin of few records answers with less. */
export function bytesPerOrigin(compiled: CompiledDomain, population: Population): Promise<number> {
  const profileOf = (number: number): Profile => {
    const findings = new Uint16Array(PROFILE_MAX);
    const size = population.profile(number, findings);
    return { findings: Array.from(findings.subarray(0, size), findingName) };
  };
  const encode = (profile: Profile) => {
    const checked = encodeProfile(compiled, profile);
    if (!checked.ok) throw new Error("a profile does not fit the domain");
    return checked.value.values;
  };
  const raw = profileOf(population.queryNumber(0, 1));
  const outcomes = Array.from({ length: K }, (_, i) => ({
    profile: encode(profileOf(i)),
    intervention: { therapy: "a therapy" },
    result: { improved: true },
  }));
  return originExchangeBytes({ compiled, raw, profile: encode(raw), k: K }, outcomes);
}
