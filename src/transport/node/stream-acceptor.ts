/**
 * A `node:net` server as an acceptor, shared by all stream transports of Node.
 * Decides how a server starts and how it fails. Its sockets become links in
 * `stream.ts`; which of them are kept, the core decides.
 */
import type { ListenOptions, Server, Socket } from "node:net";
import { debuglog } from "node:util";
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { reasonOf } from "./error-codes.ts";
import { addressOf, StreamLink, type StreamOptions } from "./stream.ts";

/** The parts of an acceptor that differ between transports. */
interface StreamAcceptorOptions {
  readonly server: Server;
  /** The address to listen on, as Node's options. */
  readonly listenOptions: ListenOptions;
  /** The options of the links that it accepts. */
  readonly linkOptions: StreamOptions;
  /** What happens to a new socket; by default it is a link at once. */
  readonly accept?: (socket: Socket, events: AcceptorEvents, linkOptions: StreamOptions) => void;
}

/** One server as an acceptor. */
export class StreamAcceptor implements Acceptor {
  readonly #options: StreamAcceptorOptions;
  #phase: "starting" | "listening" | "closed" = "starting";
  #linkOptions: StreamOptions;
  #events: AcceptorEvents | undefined;

  constructor(options: StreamAcceptorOptions) {
    this.#options = options;
    this.#linkOptions = options.linkOptions;
  }

  attach(events: AcceptorEvents): void {
    this.#events = events;
    const { server, listenOptions, accept = acceptAtOnce } = this.#options;
    server.on("connection", (socket: Socket) => accept(socket, events, this.#linkOptions));
    server.on("error", (error) => this.#failed(error));
    server.on("listening", () => this.#listening());
    try {
      server.listen(listenOptions);
    } catch (error) {
      this.#failed(error as Error);
    }
  }

  close(): void {
    this.#finish(CLOSED_LOCALLY);
  }

  #listening(): void {
    const { server } = this.#options;
    if (this.#phase === "closed") {
      this.#closeServer(); // it was closed while its name was looked up, and Node listens nevertheless
      return;
    }
    this.#phase = "listening";
    try {
      const address = listeningAddress(server);
      debug("listening on %o", address);
      // Every accepted socket has this address, unless it is a wildcard.
      if (address !== undefined && !WILDCARDS.has(address.host))
        this.#linkOptions = { localAddress: address, ...this.#linkOptions };
      this.#events?.listening(address);
    } catch (error) {
      this.#finish(reasonOf(error as Error));
    }
  }

  #failed(error: Error): void {
    debug("error on %o: %s", this.#options.listenOptions, error.message);
    if (this.#phase === "listening") {
      this.#events?.rejected(reasonOf(error)); // one connection could not be accepted; the server goes on listening
    } else {
      this.#finish(reasonOf(error));
    }
  }

  #finish(reason: CloseReason): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#closeServer();
    this.#events?.closed(reason);
  }

  #closeServer(): void {
    try {
      this.#options.server.close();
    } catch (error) {
      debug("could not close %o: %s", this.#options.listenOptions, (error as Error).message);
    }
  }
}

function acceptAtOnce(socket: Socket, events: AcceptorEvents, linkOptions: StreamOptions): void {
  events.incoming(new StreamLink(socket, "accepted", linkOptions));
}

/** The address that a server listens on; `undefined` if it is not listening. */
export function listeningAddress(server: Server): Address | undefined {
  const bound = server.address();
  if (bound === null) return undefined; // it has been closed already
  if (typeof bound === "string") return { family: "unix", host: bound, port: 0 };
  return addressOf(bound.address, bound.port, bound.family);
}

const debug = debuglog("tickwire");
const CLOSED_LOCALLY: CloseReason = { kind: "local", message: "this side closed the listener" };
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::", "::ffff:0.0.0.0"]);

/** The length of the system's queue of connections that Node has not accepted yet; Node's own default. */
export const DEFAULT_BACKLOG = 511;
/** The largest read, which is also the most by which a receive limit is exceeded; Node 20's default is smaller. */
export const READ_BYTES = 65_536;
