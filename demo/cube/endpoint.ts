/** Endpoints of the network, as people write and reach them. */

/** A name or an address in numbers, and a port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** An endpoint as people write it: `127.0.0.1:14900`, `[::1]:14900`. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The host to connect to: "every address" can be listened on, and not connected to. */
export function reachableHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
