/**
 * A socket as a link, call by call: what the socket is asked to do, and what the core is
 * told. The socket does nothing by itself, so that each moment can be had: a write that
 * waits, a call that throws, an event that comes late.
 */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import type { CloseReason, Security } from "../../../src/index.ts";
import { addressOf, StreamLink, type StreamOptions } from "../../../src/transport/node/stream.ts";

class FakeSocket extends EventEmitter {
  readonly calls: string[] = [];
  readonly written: Uint8Array[] = [];
  /** The callbacks of the writes. */
  readonly done: ((error?: Error | null) => void)[] = [];
  /** The calls that throw. */
  readonly broken = new Set<string>();
  writable = true;
  destroyed = false;
  writableLength = 0;
  localPort = 5;
  localFamily = "IPv4";
  remoteAddress = "127.0.0.2";
  remotePort = 6;
  remoteFamily = "IPv4";

  get localAddress(): string {
    if (this.broken.has("localAddress")) throw withCode("ENOTCONN");
    return "127.0.0.1";
  }
  write(bytes: Uint8Array, done: () => void): void {
    this.#call("write");
    this.written.push(bytes);
    this.done.push(done);
  }
  override on(event: string, listener: (...all: never[]) => void): this {
    if (this.broken.has(`on ${event}`)) throw withCode("EBROKEN");
    return super.on(event, listener as () => void);
  }
  pause(): void {
    this.#call("pause");
  }
  resume(): void {
    this.#call("resume");
  }
  end(): void {
    this.#call("end");
  }
  resetAndDestroy(): void {
    this.#call("resetAndDestroy");
  }
  destroy(): void {
    this.#call("destroy");
    this.destroyed = true;
  }
  #call(name: string): void {
    this.calls.push(name);
    if (this.broken.has(name)) throw withCode("EBROKEN");
  }
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}

const SOME = Uint8Array.of(1, 2, 3);
const LOCAL = { kind: "local", message: "this side closed the connection" };
const REMOTE = { kind: "remote", message: "the peer closed the connection" };

type Broken = readonly string[];

function made(role: "accepted" | "client", options: Partial<StreamOptions> = {}, broken: Broken = []) {
  const socket = new FakeSocket();
  for (const name of broken) socket.broken.add(name);
  const link = new StreamLink(socket as unknown as Socket, role, { allowHalfOpen: false, ...options });
  const events: unknown[] = [];
  const reasons: CloseReason[] = [];
  const attach = () =>
    link.attach({
      opened: () => events.push("opened"),
      received: (bytes) => events.push(`received ${bytes.join()}`),
      partial: (sizeBytes) => events.push(`partial ${sizeBytes}`),
      suspended: () => events.push("suspended"),
      resumed: () => events.push("resumed"),
      drained: (sizeBytes) => events.push(`drained ${sizeBytes}`),
      ended: () => events.push("ended"),
      closed: (reason) => {
        events.push("closed");
        reasons.push(reason);
      },
    });
  return { socket, link, events, reasons, attach };
}

/** A link that is attached to. */
function attached(role: "accepted" | "client", options: Partial<StreamOptions> = {}, broken: Broken = []) {
  const all = made(role, options, broken);
  all.attach();
  return all;
}

describe("an accepted socket", () => {
  test("is open at once, with its addresses, and gives what was read before it", () => {
    const { link, events } = attached("accepted", { head: SOME });
    expect(events).toEqual(["opened", "received 1,2,3"]);
    expect(link.localAddress).toEqual({ family: "IPv4", host: "127.0.0.1", port: 5 });
    expect(link.remoteAddress).toEqual({ family: "IPv4", host: "127.0.0.2", port: 6 });
    expect(attached("accepted", { head: new Uint8Array(0) }).events).toEqual(["opened"]);
    expect(
      [true, false].map((allowHalfOpen) => attached("accepted", { allowHalfOpen }).link.allowHalfOpen),
    ).toEqual([true, false]);
  });

  test("gives its bytes as they come", () => {
    const { socket, events } = attached("accepted");
    socket.emit("data", SOME);
    expect(events).toEqual(["opened", "received 1,2,3"]);
  });

  test("is not asked for addresses that are known", () => {
    const known = { family: "unix", host: "/game", port: 0 } as const;
    const { link, reasons } = attached("accepted", { localAddress: known }, ["localAddress"]);
    expect([link.localAddress, link.remoteAddress?.port, reasons]).toEqual([known, 6, []]);
  });

  test("whose address the system does not know never opens, and closes with the reason", () => {
    const { socket, events, reasons } = attached("accepted", { head: SOME }, ["localAddress"]);
    expect([socket.destroyed, events]).toEqual([true, []]);
    socket.emit("close");
    expect([events, reasons[0]?.code]).toEqual([["closed"], "ENOTCONN"]);
  });

  test("that has closed before anybody attaches is told as closed, once, and nothing else", () => {
    const { socket, events, reasons, attach } = made("accepted", { head: SOME });
    socket.emit("close");
    attach();
    socket.emit("close");
    expect([events, reasons]).toEqual([["closed"], [LOCAL]]);
  });

  test("that cannot be read is closed with the reason", () => {
    const { socket, events, reasons } = attached("accepted", {}, ["on data"]);
    socket.emit("close");
    expect([events, reasons[0]?.code]).toEqual([["closed"], "EBROKEN"]);
  });
});

describe("a socket that connects", () => {
  test.each([
    ["connect", undefined],
    ["secureConnect", "secureConnect"],
  ] as const)("opens at %s, has no address before, and is told open once", (event, openEvent) => {
    const { socket, link, events } = attached("client", { ...(openEvent && { openEvent }), head: SOME });
    if (openEvent !== undefined) socket.emit("connect");
    expect([link.localAddress, events]).toEqual([undefined, []]);
    socket.emit(event);
    socket.emit(event);
    expect([link.localAddress?.port, events]).toEqual([5, ["opened"]]);
  });

  test("takes bytes and an end before it is open, and sends them then", () => {
    const { socket, link, events } = attached("client");
    link.write(SOME);
    link.end();
    expect(link.write(SOME)).toBe(true); // dropped, behind the end
    expect(socket.calls).toEqual(["write", "end"]);
    socket.emit("connect");
    link.end();
    expect([socket.calls, events]).toEqual([["write", "end"], ["opened"]]);
    link.abort();
    expect(socket.calls.at(-1)).toBe("destroy"); // all bytes and the end are the system's
  });

  test("is dropped by an abort, as it has no peer yet, and never opens", () => {
    for (const before of [[], ["end"]] as const) {
      const { socket, link, events, reasons } = attached("client");
      for (const call of before) link[call]();
      socket.writableLength = 10; // written, and waiting for the connection
      link.abort();
      socket.emit("connect");
      socket.emit("error", withCode("ECONNREFUSED"));
      socket.emit("close");
      expect([socket.calls, events, reasons]).toEqual([[...before, "destroy"], ["closed"], [LOCAL]]);
    }
  });

  test("whose address the system does not know when it opens is not told as open", () => {
    const { socket, events, reasons } = attached("client", {}, ["localAddress"]);
    socket.emit("connect");
    socket.emit("close");
    expect([events, reasons[0]?.code]).toEqual([["closed"], "ENOTCONN"]);
  });
});

describe("bytes that are written", () => {
  test("are the system's when the queue of the socket is empty, else they drain as it shrinks", () => {
    const { socket, link, events } = attached("accepted");
    expect(link.write(SOME)).toBe(true);
    socket.done[0]?.();
    socket.writableLength = 10;
    expect(link.write(SOME)).toBe(false);
    socket.writableLength = 15;
    expect(link.write(SOME)).toBe(false);
    socket.writableLength = 4;
    socket.done[1]?.(null);
    socket.done[1]?.();
    socket.writableLength = 0;
    socket.done[2]?.(withCode("EPIPE")); // these were not sent
    expect(events).toEqual(["opened", "drained 11"]);
    socket.done[2]?.();
    expect(events).toEqual(["opened", "drained 11", "drained 4"]);
  });

  test.each([
    [true, 9],
    [undefined, 7],
  ])("are copied where the socket keeps them: %s", (keepsBytes, first) => {
    const { socket, link } = attached("accepted", keepsBytes === undefined ? {} : { keepsBytes });
    const bytes = Uint8Array.of(9);
    link.write(bytes);
    bytes[0] = 7;
    expect(socket.written[0]?.[0]).toBe(first);
  });

  test("are dropped after an end, an abort and the close", () => {
    for (const end of ["end", "endSending", "abort"] as const) {
      const { socket, link } = attached("accepted");
      link[end]();
      socket.writableLength = 10;
      expect([link.write(SOME), socket.written]).toEqual([true, []]);
      socket.emit("close");
      expect([link.write(SOME), socket.written]).toEqual([true, []]);
    }
  });

  test("that the socket refuses end the link with the reason", () => {
    const { socket, link, events, reasons } = attached("accepted", {}, ["write"]);
    socket.writableLength = 10;
    expect([link.write(SOME), socket.calls]).toEqual([true, ["write", "destroy"]]);
    socket.emit("close");
    expect([events, reasons[0]?.code]).toEqual([["opened", "closed"], "EBROKEN"]);
  });

  test("are followed by an empty write when the core probes, unless some wait or none may be written", () => {
    const { socket, link } = attached("accepted");
    link.probe();
    expect(socket.written.map(({ length }) => length)).toEqual([0]);
    socket.writableLength = 1;
    link.probe();
    Object.assign(socket, { writable: false, writableLength: 0 });
    link.probe();
    expect(socket.written).toHaveLength(1);
  });
});

describe("an end", () => {
  test.each<[string, Partial<StreamOptions>, readonly ("end" | "endSending")[], number, string]>([
    ["resets an open socket", {}, [], 0, "resetAndDestroy"],
    ["resets one with bytes behind which its end waits", {}, ["end"], 1, "resetAndDestroy"],
    ["leaves to the system what it has, with the end", {}, ["endSending"], 0, "destroy"],
    ["resets nothing where there are no resets", { canReset: false }, [], 1, "destroy"],
  ])("by abort %s, once", (_, options, calls, writableLength, expected) => {
    const { socket, link } = attached("accepted", options);
    for (const call of calls) link[call]();
    socket.writableLength = writableLength;
    link.abort();
    link.abort();
    link.end();
    expect(socket.calls).toEqual([...calls.map(() => "end"), expected]);
    socket.emit("close");
    link.abort();
    expect(socket.calls).toHaveLength(calls.length + 1);
  });

  test("is asked for once, and after it the peer's may come", () => {
    const { socket, link, events, reasons } = attached("accepted");
    link.endSending();
    link.end();
    socket.emit("end");
    socket.emit("close");
    expect([socket.calls, events]).toEqual([["end"], ["opened", "ended", "closed"]]);
    expect(reasons).toEqual([REMOTE]);
  });

  test("of the peer is not told after an abort, nor an error", () => {
    const { socket, link, events, reasons } = attached("accepted");
    link.abort();
    socket.emit("end");
    socket.emit("error", withCode("ECONNRESET"));
    socket.emit("close");
    expect([events, reasons]).toEqual([["opened", "closed"], [LOCAL]]);
  });

  test("by an error has the first one's reason, and destroys a socket that only tells of it", () => {
    const { socket, reasons } = attached("accepted");
    socket.emit("error", withCode("ECONNRESET"));
    expect(socket.calls).toEqual(["destroy"]);
    socket.emit("error", withCode("EPIPE"));
    socket.emit("end");
    socket.emit("close");
    expect(reasons).toMatchObject([{ kind: "reset", code: "ECONNRESET" }]);
  });

  test.each(["pause", "resume", "end", "resetAndDestroy"])("comes of a call that throws: %s", (name) => {
    const { socket, link, events } = attached("accepted", {}, [name]);
    const call = name === "resetAndDestroy" ? "abort" : (name as "pause" | "resume" | "end");
    link[call]();
    expect([socket.calls, events]).toEqual([[name, "destroy"], ["opened"]]);
    const another = attached("accepted", {}, [name, "destroy"]);
    another.link[call](); // no event of the socket follows
    expect(another.events).toEqual(["opened", "closed"]);
    another.socket.emit("close");
    expect(another.events).toEqual(["opened", "closed"]);
  });
});

describe("an encrypted socket", () => {
  const SECURITY = { protocol: "TLSv1.3" } as Security;

  test("tells of bytes that are no bytes of the stream yet, once for all that came, and none of its handshake", () => {
    let wireBytes = 50;
    const { socket, link, events } = attached("client", { wireBytes: () => wireBytes });
    wireBytes = 100;
    socket.emit("connect");
    link.reportPartial();
    expect(events).toEqual(["opened"]);
    wireBytes = 120;
    link.reportPartial();
    link.reportPartial();
    wireBytes = 150;
    socket.emit("data", SOME);
    link.reportPartial();
    expect(events).toEqual(["opened", "partial 0", "received 1,2,3"]);
    const plain = attached("accepted");
    plain.link.reportPartial();
    expect(plain.events).toEqual(["opened"]);
  });

  test("that is accepted tells of nothing that came before the core attached", () => {
    const { link, events } = attached("accepted", { wireBytes: () => 100 });
    link.reportPartial();
    expect(events).toEqual(["opened"]);
  });

  test.each([
    [
      "ERR_SSL_WRONG_VERSION_NUMBER",
      true,
      { kind: "protocol", message: "the peer sent what is no TLS record" },
    ],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", true, { kind: "handshake" }],
    ["ERR_SSL_WRONG_VERSION_NUMBER", false, { kind: "handshake" }],
    ["ECONNRESET", true, { kind: "reset" }],
    [undefined, true, { kind: "failed" }],
  ])("that fails with %s, its handshake done: %s, has its reason", (code, isAgreed, reason) => {
    const { socket, link, reasons } = attached("client", { securityOf: () => SECURITY });
    if (isAgreed) socket.emit("connect");
    expect(link.security).toBe(isAgreed ? SECURITY : undefined);
    socket.emit("error", code === undefined ? new Error("no code") : withCode(code));
    socket.emit("close");
    expect(reasons).toMatchObject([{ ...reason, ...(code && { code }) }]);
  });
});

test("an address needs its host and its port", () => {
  expect(addressOf(undefined, 1, "IPv4")).toBeUndefined();
  expect(addressOf("::1", undefined, "IPv6")).toBeUndefined();
  expect(addressOf("::1", 1, "IPv6")).toEqual({ family: "IPv6", host: "::1", port: 1 });
});
