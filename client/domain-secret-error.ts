/** Thrown where the client is to compute a signature in a keyed domain, and was not given the domain's secret. */
export class DomainSecretError extends Error {
  readonly domain: string;
  /** Of the secret that is needed. */
  readonly epoch: number;

  constructor(domain: string, epoch: number) {
    super(`domain ${domain} is keyed, and its secret of epoch ${epoch} was not given`);
    this.name = "DomainSecretError";
    this.domain = domain;
    this.epoch = epoch;
  }
}
