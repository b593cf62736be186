/**
 * Two ends of one connection as bare links, without a core: what each of them
 * reports is written down, and held against what the port promises of every link.
 */
import { readdirSync, readlinkSync } from "node:fs";
import { expect } from "vitest";
import type { Acceptor, Address, CloseReason, Link, Pump, Transport } from "../../src/index.ts";

/** One end, and all that it has reported. */
export class TestedEnd {
  /** The names of the events, in order; `received` and `drained` each once in a row. */
  readonly events: string[] = [];
  receivedBytes = 0;
  /** Pieces that were no plain `Uint8Array`. */
  readonly oddPieces: string[] = [];
  /** Bytes that were written while the link was open for it. */
  writtenBytes = 0;
  /** Bytes that the link keeps. */
  waitingBytes = 0;
  closeReason: CloseReason | undefined;
  /** Called in the midst of each `received`. */
  onReceived: (() => void) | undefined;
  readonly link: Link;

  constructor(link: Link) {
    this.link = link;
    link.attach({
      opened: () => this.#note("opened"),
      received: (bytes) => {
        this.#note("received");
        this.receivedBytes += bytes.length;
        if (bytes.constructor !== Uint8Array) this.oddPieces.push(bytes.constructor.name);
        this.onReceived?.();
      },
      partial: () => {},
      suspended: () => this.#note("suspended"),
      resumed: () => this.#note("resumed"),
      drained: (sizeBytes) => {
        this.#note("drained");
        expect(sizeBytes).toBeGreaterThan(0);
        this.waitingBytes -= sizeBytes;
        expect(this.waitingBytes).toBeGreaterThanOrEqual(0);
      },
      ended: () => this.#note("ended"),
      closed: (reason) => {
        this.#note("closed");
        this.closeReason = reason;
      },
    });
  }

  has(event: string): boolean {
    return this.events.includes(event);
  }

  write(bytes: Uint8Array): void {
    this.writtenBytes += bytes.length;
    this.waitingBytes += bytes.length;
    if (this.link.write(bytes)) this.waitingBytes -= bytes.length;
  }

  /** What the port promises of the events of any link. */
  check(): void {
    const { events } = this;
    expect(events.filter((event) => event === "closed").length).toBeLessThanOrEqual(1);
    if (this.has("closed")) expect(events.at(-1)).toBe("closed");
    expect(events.filter((event) => event === "opened").length).toBeLessThanOrEqual(1);
    if (this.has("opened")) expect(events[0]).toBe("opened");
    if (this.has("ended")) expect(events.indexOf("received", events.indexOf("ended"))).toBe(-1);
    expect(this.oddPieces).toEqual([]);
  }

  #note(event: string): void {
    const isMore = event === this.events.at(-1) && (event === "received" || event === "drained");
    if (!isMore) this.events.push(event);
  }
}

/** A listening place, which makes such pairs. */
export class PairMaker {
  readonly acceptor: Acceptor;
  address: Address | undefined;
  #incoming: Link[] = [];
  #failure: CloseReason | undefined;

  constructor(transport: Transport) {
    useTransport(transport);
    this.acceptor = (transport.listen as () => Acceptor)();
    this.acceptor.attach({
      listening: (address) => {
        this.address = address;
      },
      incoming: (link) => this.#incoming.push(link),
      handshaking: () => ({
        refusal: undefined,
        identified: () => undefined,
        incoming: (link) => this.#incoming.push(link),
        rejected: (reason) => this.#fail(reason),
      }),
      rejected: (reason) => this.#fail(reason),
      closed: (reason) => this.#fail(reason),
    });
  }

  async listening(): Promise<Address> {
    await until(() => this.address !== undefined || this.#failure !== undefined);
    if (this.address === undefined) throw new Error(this.#failure?.message);
    return this.address;
  }

  /** Both ends of a new connection, open. */
  async pair(transport: Transport): Promise<{ near: TestedEnd; far: TestedEnd }> {
    useTransport(transport);
    const near = new TestedEnd((transport.connect as () => Link)());
    const far = await this.accepted(near.link);
    await until(() => near.has("opened"), near.link);
    return { near, far };
  }

  /** The next one that somebody else has opened. */
  async accepted(...pumped: readonly Pick<Link, "pump">[]): Promise<TestedEnd> {
    await until(() => this.#incoming.length > 0, ...pumped);
    return new TestedEnd(this.#incoming.shift() as Link);
  }

  #fail(reason: CloseReason): void {
    this.#failure ??= reason;
  }
}

/** Has the turns of a test pump what tells nothing by itself, as a poller would. */
export function useTransport(transport: Transport): void {
  if (transport.sleep !== undefined && transport.pump !== undefined) pumps.add(transport.pump);
}

const pumps = new Set<Pump>();

function pumpAll(): void {
  for (const pump of pumps) if (pump(performance.now(), pumps, true) === undefined) pumps.delete(pump);
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) =>
    setImmediate(() => {
      pumpAll();
      resolve();
    }),
  );
}

/** Gives the network turns until `isThere`; `pumped` has its work done meanwhile. */
export async function until(isThere: () => boolean, ...pumped: readonly Pick<Link, "pump">[]): Promise<void> {
  for (const giveUpMs = performance.now() + PATIENCE_MS; performance.now() < giveUpMs; ) {
    for (const one of pumped) one.pump?.(performance.now(), undefined, true);
    pumpAll();
    if (isThere()) return;
    await turn();
  }
  throw new Error("it did not come");
}

/** How many sockets this process holds: the handles that Node knows, and the descriptors, where the system shows them. */
export function heldSockets(): { handles: number; descriptors: number } {
  const handles = process.getActiveResourcesInfo().filter((name) => /^(TCP|Pipe|TLS).*Wrap$/.test(name));
  return { handles: handles.length, descriptors: socketDescriptors() };
}

function socketDescriptors(): number {
  const folder = "/proc/self/fd";
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    return 0; // the system does not show them
  }
  return names.filter((name) => {
    try {
      return readlinkSync(`${folder}/${name}`).startsWith("socket:");
    } catch {
      return false; // it was the descriptor of the reading itself
    }
  }).length;
}

const PATIENCE_MS = 30_000;
