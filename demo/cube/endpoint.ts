/** Places in the network, as people write and reach them. */

/** Where: a name or an address in numbers, and a port. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** A place as people write it: `127.0.0.1:14900`, `[::1]:14900`. */
export function formatPlace({ host, port }: Place): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** "Everywhere" is a place to listen, not one to connect to: the host under which this machine reaches itself. */
export function reachable(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
