/**
 * A network inside the process: pollers connect over it without sockets, event
 * loop or chance. Bytes that one side flushes arrive at the next poll of the other.
 *
 *     link.write ──▶ wire (held, or split into pieces) ──▶ peer's received
 *
 * It is made for tests, of this library and of games: a test can split the stream
 * at any byte, and choose the frame in which each byte arrives, on all links or on
 * one. Knows no time. `memory-link.ts` has the links.
 */
import { type Checks, checkOptions, isBoolean, isLimit, isText, kindOf, wholeNumber } from "../../check.ts";
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramLink } from "../../port/datagram-link.ts";
import type { Link } from "../../port/link.ts";
import type { Registry } from "../../port/registry.ts";
import { subject } from "../../port/subject.ts";
import type { Transport } from "../../port/transport.ts";
import { MemoryDatagramHub } from "./memory-datagrams.ts";
import { LISTENER_ADDRESS, MemoryLink, nameOf, type Wire } from "./memory-link.ts";
import { MemoryRecords } from "./memory-registry.ts";

/** Options of {@link memory}. */
export interface MemoryOptions {
  /** Whether a side may go on sending after its peer has ended its stream; `false` by default. */
  readonly allowHalfOpen?: boolean;
  /** The size of the largest piece that is delivered at once, in bytes; larger ones are split. Unlimited by default. */
  readonly pieceBytes?: number;
}

/** Either end of a link, such as a connection: its addresses tell which link it is. */
export interface MemoryEnd {
  /** Its own address. */
  readonly localAddress: Address | undefined;
  /** The address of its other end. */
  readonly remoteAddress: Address | undefined;
}

/** A listener's name on a network in memory: listeners and clients that use it meet. */
export interface NamedTransport extends Transport {
  listen(): Acceptor;
  connect(): Link;
  /**
   * A place for datagrams, to which that name leads as a subject.
   *
   * @throws RangeError when the name is no subject
   */
  bind(): DatagramLink;
}

/**
 * A network in memory. Pollers that use the same value can connect to each other.
 *
 * The calls that take a connection concern its link alone, whichever end it is. They
 * throw a TypeError when it is no connection, and a RangeError when it is none of this
 * network or still connecting; one that is over changes nothing.
 */
export interface MemoryTransport extends NamedTransport {
  /** A place for datagrams with a port of its own. It hears subjects that it joins, as those with names do. */
  bind(): DatagramLink;
  /** What leases are kept in, in tests: counted by the time of `poll(now)`. */
  registry(): Registry;
  /**
   * A transport of that name on the same network, for several listeners; this one has
   * the name `memory`. The name is the `host` of the listener's address, and the subject of
   * its datagrams.
   *
   * @throws TypeError or RangeError when `name` is no text
   */
  at(name: string): NamedTransport;
  /** Holds everything on all links, or on one: bytes and ends of streams wait until `release`, and on all of them datagrams and calls for leases too. Only a reset still arrives. */
  hold(connection?: MemoryEnd): void;
  /**
   * Delivers the next `sizeBytes` bytes on each link in each direction, and holds
   * the rest. Without a number, delivers everything, datagrams and calls for leases too, and stops
   * holding.
   *
   * @throws RangeError when `sizeBytes` is not a whole number from 0 up
   */
  release(sizeBytes?: number): void;
  /** The same for one link, without datagrams. */
  release(connection: MemoryEnd, sizeBytes?: number): void;
  /** Pulls the cable: both ends of every link, or of one, see a reset, and all that is in flight on it is lost. */
  cut(connection?: MemoryEnd): void;
}

/**
 * A network in memory, to listen, connect and bind with. One listener at a time
 * can use each name, for any number of connections; without a listener, connections are
 * refused. Datagrams go to the port of a bound socket.
 *
 * @throws TypeError when an option is not known, or of a wrong kind
 * @throws RangeError when `pieceBytes` is not a whole number from 1 up
 */
export function memory(options: MemoryOptions = {}): MemoryTransport {
  checkOptions(options, CHECKS);
  const { pieceBytes = Infinity, allowHalfOpen = false } = options;
  return new MemoryNetwork(pieceBytes, allowHalfOpen);
}

class MemoryNetwork implements MemoryTransport {
  readonly #pieceBytes: number;
  readonly #allowHalfOpen: boolean;
  /** Whether the wires of new links are held. */
  #isHeld = false;
  readonly #links = new Set<MemoryLink>();
  /** The link of each client's address, which both ends have; also of those that are over. */
  readonly #byAddress = new WeakMap<Address, MemoryLink>();
  readonly #datagrams = new MemoryDatagramHub();
  readonly #records = new MemoryRecords();
  readonly #acceptors = new Map<string, MemoryAcceptor>();
  #lastPort = 0;

  constructor(pieceBytes: number, allowHalfOpen: boolean) {
    this.#pieceBytes = pieceBytes;
    this.#allowHalfOpen = allowHalfOpen;
  }

  listen(): Acceptor {
    return new MemoryAcceptor(this, LISTENER_ADDRESS);
  }

  connect(): Link {
    return this.#connectTo(LISTENER_ADDRESS);
  }

  bind(): DatagramLink {
    return this.#datagrams.bind();
  }

  registry(): Registry {
    return this.#records.open();
  }

  at(name: string): NamedTransport {
    isText("name", name);
    const address: Address = { family: "memory", host: name, port: 0 };
    return {
      listen: () => new MemoryAcceptor(this, address),
      connect: () => this.#connectTo(address),
      bind: () => this.#datagrams.bind(subject(name).host),
    };
  }

  hold(connection?: MemoryEnd): void {
    if (connection !== undefined) {
      this.#linkOf(connection).wire.isHeld = true;
      return;
    }
    this.#isHeld = true;
    for (const { wire } of this.#links) wire.isHeld = true;
    this.#datagrams.hold();
    this.#records.hold();
  }

  release(which?: number | MemoryEnd, most?: number): void {
    const isOne = typeof which === "object";
    const sizeBytes = isOne ? most : which;
    if (sizeBytes !== undefined) wholeNumber("sizeBytes", sizeBytes, 0);
    const links = isOne ? this.#linkOf(which).ends : this.#links;
    for (const { wire } of links) wire.isHeld = sizeBytes !== undefined;
    if (!isOne) this.#isHeld = sizeBytes !== undefined;
    for (const link of links) link.deliver(sizeBytes ?? Infinity);
    if (isOne || sizeBytes !== undefined) return;
    this.#datagrams.release();
    this.#records.release();
  }

  cut(connection?: MemoryEnd): void {
    const links = connection === undefined ? this.#links : this.#linkOf(connection).ends;
    for (const link of links) link.finish(CUT);
    if (connection !== undefined) return;
    this.#datagrams.dropWaiting();
    this.#records.dropWaiting();
  }

  /** Registers the acceptor for new links; returns `false` when there is one of that name already. */
  register(acceptor: MemoryAcceptor): boolean {
    const { host } = acceptor.address;
    if (this.#acceptors.has(host)) return false;
    this.#acceptors.set(host, acceptor);
    return true;
  }

  unregister(acceptor: MemoryAcceptor): void {
    const { host } = acceptor.address;
    if (this.#acceptors.get(host) === acceptor) this.#acceptors.delete(host);
  }

  accept(client: MemoryLink): boolean {
    const acceptor = this.#acceptors.get(client.remoteAddress.host);
    if (acceptor === undefined) return false;
    const accepted = new MemoryLink(this, client.wire, acceptor.address, client.localAddress);
    client.pairWith(accepted);
    accepted.pairWith(client);
    this.#links.add(client).add(accepted);
    acceptor.incoming(accepted);
    return true;
  }

  remove(link: MemoryLink): void {
    this.#links.delete(link);
  }

  #connectTo(listener: Address): Link {
    const local: Address = { family: "memory", host: "memory", port: ++this.#lastPort };
    const wire: Wire = {
      pieceBytes: this.#pieceBytes,
      allowHalfOpen: this.#allowHalfOpen,
      isHeld: this.#isHeld,
    };
    const link = new MemoryLink(this, wire, local, listener);
    this.#byAddress.set(local, link);
    return link;
  }

  /** The client's link of a connection, by the address that both ends have of it. */
  #linkOf(connection: MemoryEnd): MemoryLink {
    if (typeof connection !== "object" || connection === null)
      throw new TypeError(`connection: expected a connection, got ${kindOf(connection)}`);
    for (const address of [connection.localAddress, connection.remoteAddress]) {
      const link = address && this.#byAddress.get(address);
      if (link !== undefined) return link;
    }
    throw new RangeError("connection: it is none of this memory network, or is still connecting");
  }
}

class MemoryAcceptor implements Acceptor {
  readonly address: Address;
  readonly #network: MemoryNetwork;
  #events: AcceptorEvents | undefined;

  constructor(network: MemoryNetwork, address: Address) {
    this.#network = network;
    this.address = address;
  }

  attach(events: AcceptorEvents): void {
    if (this.#network.register(this)) {
      this.#events = events;
      events.listening(this.address);
    } else {
      events.closed({
        kind: "address-in-use",
        message: `another listener is on this memory network${nameOf(this.address)}`,
      });
    }
  }

  incoming(link: Link): void {
    this.#events?.incoming(link);
  }

  close(): void {
    const events = this.#events;
    this.#events = undefined;
    this.#network.unregister(this);
    events?.closed({ kind: "local", message: "this side closed the listener" });
  }
}

const CHECKS: Checks<MemoryOptions> = { allowHalfOpen: isBoolean, pieceBytes: isLimit(1) };
const CUT: CloseReason = { kind: "reset", message: "the memory network was cut" };
