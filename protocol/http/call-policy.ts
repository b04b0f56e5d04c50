/**
 * Which URLs a node calls. They come from other organisations' descriptors: one that leads into our own network
 * would let its author reach there through us. Public addresses over TLS only, but for what the operator allows.
 */
import ipaddr from "ipaddr.js";

/** True if the URL may be called. */
export type CallPolicy = (url: string) => boolean;

export interface CallPolicyOptions {
  /** This organisation's own base URL, which may always be called. On loopback, all of loopback may: development. */
  readonly ownUrl?: string | undefined;
  /** Hosts, as URLs name them, that are not public and may be called nonetheless. */
  readonly allowedHosts?: readonly string[];
}

/** Names that no public resolver answers, or must not: RFC 6761, 6762, 8375, 9476 and ICANN's `internal`. */
const PRIVATE_SUFFIXES = ["localhost", "local", "internal", "home.arpa", "alt"];
/** The only IPv6 unicast addresses that were given out: RFC 4291 section 2.4, IANA's registry. */
const GLOBAL_IPV6 = ipaddr.parseCIDR("2000::/3");

export function callPolicy({ ownUrl, allowedHosts = [] }: CallPolicyOptions): CallPolicy {
  const own = ownUrl === undefined ? null : URL.parse(ownUrl);
  const isDevelopment = own !== null && isLoopback(hostOf(own));
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return (text) => {
    const url = URL.parse(text);
    if (!url) return false;
    const host = hostOf(url);
    const isAllowed =
      url.origin === own?.origin || allowed.has(host) || (isDevelopment && isLoopback(host));
    if (url.protocol === "http:")
      return isAllowed && (isLoopback(host) || url.origin === own?.origin);
    return url.protocol === "https:" && (isAllowed || isPublicHost(host));
  };
}

/** True for an IP address that anyone may have on the public internet; not for one of a private or special range. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== "unicast") return false;
  return parsed.kind() === "ipv4" || parsed.match(GLOBAL_IPV6);
}

/** True for an address or name of this machine itself. */
export function isLoopback(host: string): boolean {
  if (host === "localhost") return true;
  return ipaddr.isValid(host) && ipaddr.parse(host).range() === "loopback";
}

function isPublicHost(host: string): boolean {
  if (ipaddr.isValid(host)) return isPublicAddress(host);
  const isPrivate = PRIVATE_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`));
  // A name of one label is one of the local network.
  return host.includes(".") && !isPrivate;
}

/** The host as it is written without the marks of URLs: no brackets, no dot at the end. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}
