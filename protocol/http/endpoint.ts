/** Which URLs we call: an organisation's own, over TLS; plain HTTP on the loopback interface only, for development. */
import { z } from "zod";

const LOOPBACK = new Set(["127.0.0.1", "[::1]", "localhost"]);

/** A base URL without credentials, query, fragment or trailing slash. */
export const endpointSchema = z
  .string()
  .max(512)
  .refine((text) => isEndpoint(text), {
    error:
      "must be an https URL (http only on loopback) without credentials, query, fragment or trailing slash",
  });

function isEndpoint(text: string): boolean {
  const url = URL.parse(text);
  if (!url) return false;
  const isLoopback = LOOPBACK.has(url.hostname);
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback);
  const base = url.origin + (url.pathname === "/" ? "" : url.pathname);
  return (
    isSafe && url.username === "" && url.password === "" && text === base && !text.endsWith("/")
  );
}
