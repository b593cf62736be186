/** Places in the network, as people write and reach them. */

/** Where: a name or an address in numbers, and a port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A place as people write it: `127.0.0.1:14900`, `[::1]:14900`. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** "Everywhere" is a place to listen, not one to connect to: the host under which this machine reaches itself. */
export function reachableHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
