/**
 * Randomised response (Warner 1965; k-ary: Kairouz, Bonawitz & Ramage 2016) on the symbols of a published
 * signature: each tells its true value no more surely than the domain's epsilon allows.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ByteWriter, fromBase64Url, utf8Bytes } from "../bytes.ts";
import { MISSING, SYMBOL_VALUES } from "../features/index.ts";
import { prfStream, toUnit, uniformBelow } from "../prf.ts";
import type { RoutingPlan } from "./plan.ts";

/** By how much likelier a symbol stays as it is than it becomes any given other one, in [0, 1]; 1 without noise. */
export function retentionOf(epsilon: number | undefined): number {
  if (epsilon === undefined) return 1;
  const odds = Math.exp(epsilon);
  return (odds - 1) / (odds + SYMBOL_VALUES - 1);
}

const NOISE_PREFIX = utf8Bytes("outcome-mesh/noise/v1\0");

/**
 * The signature as it is published: each present symbol kept with probability e^epsilon / (e^epsilon + 254), else
 * one of the other 254, each as likely. Missing symbols stay missing, and without an epsilon all stay.
 *
 * @param noiseKey 32 secret bytes. The same key and signature give the same noise, so that publishing again tells
 * nothing new.
 */
export function randomise(
  plan: RoutingPlan,
  signature: Uint8Array,
  noiseKey: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { retention } = plan;
  if (retention === 1) return Uint8Array.from(signature);
  const input = new ByteWriter().raw(NOISE_PREFIX).raw(fromBase64Url(plan.domainId)).raw(signature);
  const next = prfStream(hmac(sha256, noiseKey, input.bytes()), "randomise");
  const kept = retention + (1 - retention) / SYMBOL_VALUES;
  return Uint8Array.from(signature, (symbol) => {
    if (symbol === MISSING || toUnit(next()) < kept) return symbol;
    const other = 1 + uniformBelow(next, SYMBOL_VALUES - 1);
    return other < symbol ? other : other + 1;
  });
}
