/** Signatures in requests. */
import { fromBase64Url, Refusal } from "../protocol/index.ts";

/** Symbols of a signature. Refuses what is not base64url or not as long as the domain says. */
export function readSymbols(text: string, symbols: number): Uint8Array {
  let signature = new Uint8Array();
  try {
    signature = fromBase64Url(text);
  } catch {
    throw new Refusal("bad-request", {
      errors: [{ path: "signature", message: "is not base64url" }],
    });
  }
  if (signature.length !== symbols) {
    const message = `must have the domain's ${symbols} symbols, has ${signature.length}`;
    throw new Refusal("bad-request", { errors: [{ path: "signature", message }] });
  }
  return signature;
}
