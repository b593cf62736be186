/**
 * Bare links of a network in memory, held, paused, split and ended in any order: which
 * bytes arrive in which call, and how each link ends.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Acceptor,
  type CloseReason,
  type Link,
  type MemoryTransport,
  memory,
} from "../../../src/index.ts";
import { keptBytes } from "../../garbage.ts";
import { SEED } from "../../seed.ts";

test("each byte arrives once, in order, as soon as it is let and not before; then the end, once on each side", () => {
  const step = fc.tuple(fc.constantFrom(...VERBS), fc.nat(1), fc.integer({ min: 1, max: 6 }));
  const options = fc.record({ pieceBytes: fc.constantFrom(1, 2, 3, Infinity), allowHalfOpen: fc.boolean() });
  fc.assert(
    fc.property(options, fc.array(step, { maxLength: 40 }), ({ pieceBytes, allowHalfOpen }, steps) => {
      const wire = memory({ pieceBytes, allowHalfOpen });
      const ends = pairOn(wire);
      let isHeld = false;
      for (const [what, which, count] of steps) {
        const before = ends.map(({ arrivedBytes }) => arrivedBytes);
        if (what === "hold") wire.hold();
        else if (what === "release") wire.release();
        else if (what === "release some") wire.release(count);
        else ends[which as 0 | 1].do(what, count);
        if (what === "hold" || what.startsWith("release")) isHeld = what !== "release";
        for (const [index, end] of ends.entries()) {
          const peer = ends[1 - index] as End;
          const came = end.arrivedBytes - (before[index] ?? 0);
          const most = what === "release some" ? count : isHeld ? 0 : Infinity;
          const waited = end.isPaused || end.isClosed ? 0 : peer.sentBytes - (before[index] ?? 0);
          if (end.ending !== "whole" && !peer.isClosed) expect(came).toBe(Math.min(most, waited));
          expect(end.largestPiece).toBeLessThanOrEqual(pieceBytes);
          if (end.isClosed) continue;
          const isAllSent = peer.isClosed || peer.arrivedBytes === end.sentBytes;
          if (!peer.isClosed) expect(end.keptBytes).toBe(end.sentBytes - peer.arrivedBytes);
          if (isHeld) continue; // no end arrives then
          expect(end.hasHeardEnd).toBe(peer.ending !== undefined && end.arrivedBytes === peer.sentBytes);
          const isOver = end.ending === "whole" || (end.ending === "sending" && end.hasHeardEnd);
          expect(isAllSent && isOver).toBe(false); // else it would be closed
        }
      }
      wire.release();
      for (const end of ends) end.do("resume", 0);
      for (const end of ends) end.do("end", 0);
      for (const { events } of ends) {
        expect(events.filter((event) => event !== "ended")).toEqual(["opened", "closed local"]);
        expect(events.length).toBeLessThanOrEqual(3);
      }
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test.each(["bytes", "nothing but the end"])("an abort after the end, while %s is held", (what) => {
  const wire = memory();
  const [near, far] = pairOn(wire);
  wire.hold();
  if (what === "bytes") near.do("write", 3);
  near.link.end();
  near.link.abort();
  expect(far.events).toEqual(what === "bytes" ? ["opened", "closed reset"] : ["opened"]);
  wire.release();
  far.do("end", 0);
  expect(near.events).toEqual(["opened", "closed local"]);
  expect(far.events).toEqual(
    what === "bytes" ? ["opened", "closed reset"] : ["opened", "ended", "closed local"],
  );
});

test("after an abort neither side hears anything more, and what was under way is lost", () => {
  const wire = memory();
  const [near, far] = pairOn(wire);
  wire.hold();
  for (const end of [near, far]) end.do("write", 3);
  near.link.abort();
  far.link.abort();
  wire.cut();
  wire.release();
  for (const { link } of [near, far]) link.end();
  for (const end of [near, far]) expect(end.link.write(Uint8Array.of(1))).toBe(true);
  expect([near.events, far.events]).toEqual([
    ["opened", "closed local"],
    ["opened", "closed reset"],
  ]);
  expect([near.arrivedBytes, far.arrivedBytes]).toEqual([0, 0]);
});

test("what is written after the end is dropped, and the end is not late for it", () => {
  const wire = memory();
  const [near, far] = pairOn(wire);
  wire.hold();
  near.do("write", 3);
  near.link.end();
  expect(near.link.write(Uint8Array.of(9))).toBe(true);
  wire.release();
  expect([far.arrivedBytes, far.events, near.events]).toEqual([
    3,
    ["opened", "ended"],
    ["opened", "closed local"],
  ]);
});

test("a receiver may pause and resume in the midst of its bytes: no piece comes within another, and none is lost", () => {
  const [near, far] = pairOn(memory({ pieceBytes: 1 }));
  far.onReceived = () => far.arrivedBytes % 2 === 0 && far.do("pause", 0);
  near.do("write", 5);
  expect([far.arrivedBytes, near.keptBytes]).toEqual([2, 3]);
  near.do("write", 1);
  expect([far.arrivedBytes, near.keptBytes]).toEqual([2, 4]);
  far.do("resume", 0);
  expect([far.arrivedBytes, near.keptBytes]).toEqual([4, 2]);
  far.onReceived = () => {
    far.do("pause", 0);
    far.do("resume", 0);
  };
  far.do("resume", 0);
  expect([far.arrivedBytes, near.keptBytes]).toEqual([6, 0]);
});

test("a connection that the listener rejects at once never opens", () => {
  const wire = memory();
  acceptOn(wire, (link) => link.abort());
  expect(new End(wire.connect()).events).toEqual(["closed reset"]);
});

test("ends have addresses: the listener's, and one for each who connects", () => {
  const wire = memory();
  for (const port of [1, 2]) {
    const [near, far] = pairOn(wire);
    expect(near.link).toMatchObject({
      localAddress: { family: "memory", host: "memory", port },
      remoteAddress: { family: "memory", host: "memory", port: 0 },
    });
    expect([far.link.localAddress, far.link.remoteAddress]).toEqual([
      near.link.remoteAddress,
      near.link.localAddress,
    ]);
  }
});

test("a listener that found its place taken frees nothing when it is closed", () => {
  const wire = memory();
  const incoming: Link[] = [];
  const first = acceptOn(wire, (link) => incoming.push(link));
  acceptOn(wire, () => expect.fail("the first one has the place")).close();
  expect(new End(wire.connect()).events).toEqual(["opened"]);
  first.close();
  expect(new End(wire.connect()).events).toEqual(["closed refused"]);
  expect(incoming).toHaveLength(1);
});

test("nothing is kept of links that have closed", async () => {
  const wire = memory();
  acceptOn(wire, (link) => new End(link));
  const closed = Array.from({ length: 10 }, () => {
    const near = new End(wire.connect());
    near.link.abort();
    return new WeakRef(near.link);
  });
  await new Promise((resolve) => setImmediate(resolve)); // until then a WeakRef keeps what it was made of
  keptBytes();
  expect(closed.filter((link) => link.deref() !== undefined)).toEqual([]);
  wire.cut();
});

const VERBS = [
  ...(["write", "write", "write", "pause", "resume", "hold", "release", "release some"] as const),
  ...(["end", "end sending"] as const),
];

/** One end of a link, and what it was told. */
class End {
  readonly link: Link;
  /** All but bytes, in order. */
  readonly events: string[] = [];
  sentBytes = 0;
  arrivedBytes = 0;
  /** What the link keeps, by its own account. */
  keptBytes = 0;
  largestPiece = 0;
  isPaused = false;
  /** Called in the midst of each `received`. */
  onReceived: () => unknown = () => {};
  #isReceiving = false;
  /** What this side has ended. */
  ending: "sending" | "whole" | undefined;

  constructor(link: Link) {
    this.link = link;
    link.attach({
      opened: () => this.events.push("opened"),
      received: (bytes) => {
        expect([this.events, this.#isReceiving]).toEqual([["opened"], false]);
        this.#isReceiving = true;
        for (const value of bytes) expect(value).toBe(this.arrivedBytes++ % 256);
        this.largestPiece = Math.max(this.largestPiece, bytes.length);
        this.onReceived();
        this.#isReceiving = false;
      },
      partial: () => {},
      suspended: () => {},
      resumed: () => {},
      drained: (sizeBytes) => {
        expect(sizeBytes).toBeGreaterThan(0);
        this.keptBytes -= sizeBytes;
      },
      ended: () => this.events.push("ended"),
      closed: ({ kind }: CloseReason) => this.events.push(`closed ${kind}`),
    });
  }

  get isClosed(): boolean {
    return this.events.at(-1)?.startsWith("closed") === true;
  }

  get hasHeardEnd(): boolean {
    return this.events.includes("ended");
  }

  /** Does what a core may still do. */
  do(what: (typeof VERBS)[number], count: number): void {
    if (this.isClosed) return;
    if (what === "write" && this.ending === undefined) this.#write(count);
    else if ((what === "pause" || what === "resume") && this.ending !== "whole") {
      this.isPaused = what === "pause";
      this.link[what]();
    } else if (what === "end" || what === "end sending") {
      if (this.ending !== "whole") this.ending = what === "end" ? "whole" : "sending";
      if (what === "end") this.isPaused = false; // what still arrives is discarded
      if (what === "end") this.link.end();
      else this.link.endSending();
    }
  }

  #write(count: number): void {
    const bytes = Uint8Array.from({ length: count }, () => this.sentBytes++ % 256);
    this.keptBytes += count;
    if (this.link.write(bytes)) this.keptBytes -= count;
  }
}

/** Both ends of a new link. */
function pairOn(wire: MemoryTransport): readonly [near: End, far: End] {
  let far: End | undefined;
  const acceptor = acceptOn(wire, (link) => {
    far = new End(link);
  });
  const near = new End(wire.connect());
  acceptor.close();
  return [near, far as unknown as End];
}

/** A listener that does `incoming` with each new link. */
function acceptOn(wire: MemoryTransport, incoming: (link: Link) => void): Acceptor {
  const acceptor = wire.listen();
  acceptor.attach({
    listening() {},
    handshaking: () => expect.fail("a network in memory has no handshakes"),
    incoming,
    rejected() {},
    closed() {},
  });
  return acceptor;
}
