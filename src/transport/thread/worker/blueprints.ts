/**
 * The transports that the network thread can make, by their kinds. Each is loaded when it
 * is asked for, so that the thread starts quickly and needs no package that nobody uses.
 */
import type { Blueprint, Transport } from "../../../port/transport.ts";

/**
 * Makes the transport of a blueprint.
 *
 * @throws what the transport throws, such as when its package is not there
 */
export async function transportOf({ kind, options }: Blueprint): Promise<Transport> {
  const make = Object.hasOwn(MAKERS, kind) ? MAKERS[kind] : undefined; // a worker's file may be of another version
  if (make === undefined) throw new TypeError(`the network thread knows no transport ${kind}`);
  return make(options as never);
}

const MAKERS: { readonly [Kind in Blueprint["kind"]]: (options: never) => Promise<Transport> } = {
  tcp: async (options) => (await import("../../node/tcp.ts")).tcp(options),
  tls: async (options) => (await import("../../node/tls.ts")).tls(options),
  unix: async (options) => (await import("../../node/unix.ts")).unix(options),
  udp: async (options) => (await import("../../node/udp.ts")).udp(options),
  "native-tcp": async (options) => (await import("../../native/native-tcp.ts")).nativeTcp(options),
  "native-udp": async (options) => (await import("../../native/native-udp.ts")).nativeUdp(options),
  websocket: async ({ url, ...options }: { readonly url: string }) =>
    (await import("../../websocket/websocket-client.ts")).websocket(url, options),
  "websocket-server": async (options) =>
    (await import("../../websocket/websocket-server.ts")).websocketServer(options),
};
