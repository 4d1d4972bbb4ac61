/** host:port, an IPv6 host in brackets. */

export interface Address {
  /** Without brackets. */
  readonly host: string;
  /** 1..65535, or 0 for any free one where that is allowed. */
  readonly port: number;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/;

/** Undefined when `text` is not an address. */
export function parseAddress(text: string): Address | undefined {
  const match = ADDRESS.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port <= 65_535)) return undefined;
  return { host, port };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}
