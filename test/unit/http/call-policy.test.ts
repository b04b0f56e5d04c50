import { describe, expect, it } from "vitest";
import { callPolicy, isPublicAddress } from "../../../protocol/http/call-policy.ts";

const PUBLIC = [
  "https://mesh.example",
  "https://mesh.example:8443/v1/peer/lookup",
  "https://8.8.8.8",
  "https://[2606:4700:4700::1111]",
  "https://local.example",
  "https://internal.example",
];

const REFUSED = [
  ["plain HTTP", "http://mesh.example"],
  ["another scheme", "ftp://mesh.example"],
  ["a file", "file:///etc/passwd"],
  ["no URL", "mesh.example"],
  ["this machine by name", "https://localhost"],
  ["this machine by name, with a dot", "https://localhost."],
  ["this machine below its name", "https://a.localhost"],
  ["this machine", "https://127.0.0.1"],
  ["this machine, another address of it", "https://127.8.9.1"],
  ["this machine as a number", "https://2130706433"],
  ["this machine in hexadecimal", "https://0x7f.1"],
  ["this machine in octal", "https://0177.0.0.1"],
  ["this machine, IPv6", "https://[::1]"],
  ["this machine, IPv4 in IPv6", "https://[::ffff:127.0.0.1]"],
  ["this machine, IPv4-compatible IPv6", "https://[::127.0.0.1]"],
  ["this machine through NAT64", "https://[64:ff9b::7f00:1]"],
  ["this machine through 6to4", "https://[2002:7f00:1::]"],
  ["this machine through Teredo", "https://[2001:0:7f00:1::]"],
  ["no address", "https://0.0.0.0"],
  ["no address, IPv6", "https://[::]"],
  ["a private network, 10/8", "https://10.0.0.1"],
  ["a private network, 172.16/12", "https://172.31.255.255"],
  ["a private network, 192.168/16", "https://192.168.1.1"],
  ["a private network, IPv6", "https://[fd00::1]"],
  ["a cloud's metadata", "https://169.254.169.254"],
  ["a cloud's metadata by name", "https://metadata.google.internal"],
  ["the link, IPv6", "https://[fe80::1]"],
  ["a site, IPv6", "https://[fec0::1]"],
  ["a provider's network", "https://100.64.0.1"],
  ["a group", "https://224.0.0.1"],
  ["everyone", "https://255.255.255.255"],
  ["documentation", "https://192.0.2.1"],
  ["documentation, IPv6", "https://[2001:db8::1]"],
  ["addresses never given out", "https://[4000::1]"],
  ["a name of one label", "https://intranet"],
  ["a printer", "https://printer.local"],
  ["a home", "https://router.home.arpa"],
] as const;

describe("the call policy", () => {
  const mayCall = callPolicy({ ownUrl: "https://own.example" });

  it.each(PUBLIC)("P-74: %s may be called", (url) => {
    expect(mayCall(url)).toBe(true);
    expect(callPolicy({})(url)).toBe(true);
  });

  it.each(REFUSED)("P-74: %s may not be called (%s)", (_, url) => {
    expect(mayCall(url)).toBe(false);
  });

  it("P-74: what the operator allows may be called over TLS, and no host beside it", () => {
    const allowing = callPolicy({
      ownUrl: "https://own.example",
      allowedHosts: ["Mesh.Internal", "10.0.0.7", "fd00::7"],
    });
    const urls = ["https://mesh.internal:8443/x", "https://10.0.0.7", "https://[fd00::7]"];
    expect(urls.map(allowing)).toEqual([true, true, true]);
    const others = ["https://a.mesh.internal", "https://10.0.0.8", "http://mesh.internal"];
    expect(others.map(allowing)).toEqual([false, false, false]);
  });

  it("P-74: a node on loopback calls all of loopback; others only where it is allowed", () => {
    const urls = ["http://127.0.0.1:7100/x", "http://localhost:1", "http://[::1]:2"];
    for (const ownUrl of ["http://127.0.0.1:8787", "http://localhost:8787", "http://[::1]:8787"]) {
      const developing = callPolicy({ ownUrl });
      expect(urls.map(developing)).toEqual([true, true, true]);
      expect(developing("http://mesh.example")).toBe(false);
      expect(developing("https://10.0.0.1")).toBe(false);
    }
    expect(urls.map(mayCall)).toEqual([false, false, false]);
    expect(callPolicy({ allowedHosts: ["127.0.0.1"] })("http://127.0.0.1:7100")).toBe(true);
  });

  it("P-74: the own URL may be called wherever it is, and no other port of its host", () => {
    const inside = callPolicy({ ownUrl: "https://mesh.internal:8443" });
    expect(inside("https://mesh.internal:8443/v1/node/members")).toBe(true);
    expect(inside("https://mesh.internal")).toBe(false);
  });

  it("P-74: what is no address is no public one", () => {
    expect(["", "localhost", "8.8.8.256", "8.8.8.8"].map(isPublicAddress)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });
});
