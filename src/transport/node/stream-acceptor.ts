/**
 * A `node:net` server as a acceptor. Shared by every transport whose guests are
 * streams. Decides how a server is started and how it fails; what its sockets
 * then do is `stream.ts`.
 */
import type { ListenOptions, Server, Socket } from "node:net";
import { debuglog } from "node:util";
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import { reasonOf } from "./error-codes.ts";
import { addressOf, StreamLink, type StreamOptions } from "./stream.ts";

/** What a transport decides about its server. */
export interface StreamAcceptorOptions {
  readonly server: Server;
  /** Where to listen, as Node takes it. */
  readonly place: ListenOptions;
  /** The event that brings a guest: not the same for TCP and TLS. */
  readonly acceptEvent: "connection" | "secureConnection";
  /** What its sockets are like. */
  readonly plan: StreamOptions;
}

/** One server as a acceptor. */
export class StreamAcceptor implements Acceptor {
  readonly #plan: StreamAcceptorOptions;

  constructor(plan: StreamAcceptorOptions) {
    this.#plan = plan;
  }

  attach(events: AcceptorEvents): void {
    const { server, place, acceptEvent } = this.#plan;
    let { plan } = this.#plan;
    server.on(acceptEvent, (socket: Socket) => events.incoming(new StreamLink(socket, "accepted", plan)));
    server.on("error", (error) => {
      debug("error on %o: %s", place, error.message);
      if (server.listening) {
        events.rejected(reasonOf(error)); // one guest could not be taken in; the acceptor stays open
        return;
      }
      server.close();
      events.closed(reasonOf(error));
    });
    server.on("listening", () => {
      const address = boundTo(server);
      debug("listening on %o", address);
      // A guest has come to this very address, unless it is one that stands for many.
      if (address !== undefined && !EVERYWHERE.has(address.host)) plan = { localAddress: address, ...plan };
      events.listening(address);
    });
    server.listen(place);
  }

  close(): void {
    this.#plan.server.close();
  }
}

/** Where a server listens; `undefined` when it does not. */
export function boundTo(server: Server): Address | undefined {
  const bound = server.address();
  if (bound === null) return undefined; // closed again meanwhile
  if (typeof bound === "string") return { family: "unix", host: bound, port: 0 };
  return addressOf(bound.address, bound.port, bound.family);
}

const debug = debuglog("tickwire");
const EVERYWHERE: ReadonlySet<string> = new Set(["0.0.0.0", "::", "::ffff:0.0.0.0"]);

/** How many guests the system may hold before the process has seen them; Node's own default. */
export const DEFAULT_BACKLOG = 511;
/** One read at the most, so that the receive limit is overshot by no more; Node 20's own default is less. */
export const READ_BYTES = 65_536;
