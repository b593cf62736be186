/**
 * What becomes of a socket that may or must begin with a proxy's header, event by event:
 * each peer ends once, as a link or with a reason, and nothing listens to it after that.
 */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Address, CloseReason, Link, ProxyProtocolOptions } from "../../../src/index.ts";
import { proxyAccept } from "../../../src/transport/node/proxy-protocol.ts";

class FakeSocket extends EventEmitter {
  readonly calls: string[] = [];
  /** The call that throws. */
  broken = "";
  destroyed = false;
  localAddress = "127.0.0.1";
  localPort = 5;
  localFamily = "IPv4";
  remotePort = 6;
  remoteFamily = "IPv4";
  readonly #from: string;

  constructor(from: string) {
    super();
    this.#from = from;
  }
  get remoteAddress(): string {
    if (this.broken === "remoteAddress") throw withCode("ENOTCONN");
    return this.#from;
  }
  pause(): void {
    if (this.broken === "pause") throw withCode("EBROKEN");
    this.calls.push("pause");
  }
  resume(): void {
    this.calls.push("resume");
  }
  destroy(): void {
    this.calls.push("destroy");
    this.destroyed = true;
  }
  resetAndDestroy(): void {
    this.calls.push("reset");
    if (this.broken === "reset") throw withCode("EINVAL");
    this.destroyed = true;
  }
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** The timers that run, each with what it does. */
const timers = new Map<number, { readonly late: () => void; readonly afterMs: number }>();

beforeEach(() => {
  let last = 0;
  vi.stubGlobal("setTimeout", (late: () => void, afterMs: number) => {
    timers.set(++last, { late, afterMs });
    return last;
  });
  vi.stubGlobal("clearTimeout", (timer: number) => timers.delete(timer));
});

afterEach(() => {
  vi.unstubAllGlobals();
  timers.clear();
});

const PROXY = "10.0.0.1";
const STRANGER = "203.0.113.1";
const HEADER = "PROXY TCP4 203.0.113.7 127.0.0.1 5555 14900\r\n";
const REFUSED: CloseReason = { kind: "denied", message: "no", code: "denyList" };

type Refused = "at once" | "by its address";

function come(
  proxyProtocol: "require" | "accept",
  from: string,
  { broken = "", refused }: { readonly broken?: string; readonly refused?: Refused } = {},
) {
  const options: ProxyProtocolOptions = { proxyProtocol, trustedProxies: ["10.0.0.0/8"] };
  const socket = new FakeSocket(from);
  socket.broken = broken;
  const events: string[] = [];
  const reasons: CloseReason[] = [];
  const links: Link[] = [];
  const identified: (Address | undefined)[] = [];
  const incoming = (link: Link) => {
    events.push("incoming");
    links.push(link);
  };
  const rejected = (reason: CloseReason) => {
    events.push("rejected");
    reasons.push(reason);
  };
  let drop = () => {};
  proxyAccept(options)?.(
    socket as unknown as Socket,
    {
      incoming,
      rejected,
      listening() {},
      closed() {},
      handshaking(address, dropIt) {
        events.push(`handshaking ${address?.host}`);
        drop = dropIt;
        return {
          refusal: refused === "at once" ? REFUSED : undefined,
          identified(one) {
            identified.push(one);
            return refused === "by its address" ? REFUSED : undefined;
          },
          incoming,
          rejected,
        };
      },
    },
    { allowHalfOpen: false },
  );
  return { socket, events, reasons, links, identified, drop: () => drop() };
}

/** What the link gives to the core first. */
function headOf([link]: readonly Link[]): string {
  let head = "";
  link?.attach({
    opened() {},
    received: (bytes) => (head += Buffer.from(bytes).toString()),
    partial() {},
    suspended() {},
    resumed() {},
    drained() {},
    ended() {},
    closed() {},
  });
  return head;
}

const LISTENED = ["data", "end", "close"];

describe("a peer that is no trusted proxy", () => {
  test("is a link at once where a header is not required", () => {
    const { events, links, socket } = come("accept", STRANGER);
    expect([events, links[0]?.remoteAddress?.host, timers.size]).toEqual([["incoming"], STRANGER, 0]);
    expect(socket.calls).toEqual([]);
  });

  test("is reset with a reason where one is", () => {
    const { events, reasons, socket } = come("require", STRANGER);
    socket.emit("error", withCode("ECONNRESET")); // which nobody needs to know
    expect([events, socket.calls, timers.size]).toEqual([["rejected"], ["reset"], 0]);
    expect(reasons[0]).toMatchObject({ kind: "denied", code: "trustedProxies" });
  });

  test("is dropped where the system does not reset it", () => {
    expect(come("require", STRANGER, { broken: "reset" }).socket.calls).toEqual(["reset", "destroy"]);
  });

  test("is dropped when the system does not say who it is", () => {
    for (const mode of ["accept", "require"] as const) {
      const { events, socket } = come(mode, PROXY, { broken: "remoteAddress" });
      expect([events, socket.calls]).toEqual([[], ["destroy"]]);
    }
  });
});

describe("a trusted proxy", () => {
  test("that the listener refuses is reset, and not read", () => {
    const { events, socket } = come("require", PROXY, { refused: "at once" });
    expect([events, socket.calls, timers.size]).toEqual([["handshaking undefined"], ["reset"], 0]);
    expect(socket.listenerCount("data")).toBe(0);
  });

  test.each(["require", "accept"] as const)("with %s has a link for the peer of its header", (mode) => {
    const { socket, events, links, identified } = come(mode, PROXY);
    expect([...timers.values()].map(({ afterMs }) => afterMs)).toEqual([5_000]);
    for (const piece of [HEADER.slice(0, 9), HEADER.slice(9, 20), `${HEADER.slice(20)}hello`]) {
      expect(events).toEqual(["handshaking undefined"]);
      socket.emit("data", Buffer.from(piece));
    }
    expect(events.slice(1)).toEqual(["incoming"]);
    const peer = { family: "IPv4", host: "203.0.113.7", port: 5_555 };
    expect([identified, links[0]?.remoteAddress]).toEqual([[peer], peer]);
    expect([socket.calls, timers.size]).toEqual([["pause"], 0]); // it waits for the core
    expect(LISTENED.map((type) => socket.listenerCount(type))).toEqual([0, 0, 1]);
    expect(headOf(links)).toBe("hello");
    socket.emit("close");
    expect(events).toHaveLength(2);
  });

  test("whose peer the listener refuses is reset", () => {
    const { socket, events } = come("require", PROXY, { refused: "by its address" });
    socket.emit("data", Buffer.from(HEADER));
    expect([events, socket.calls]).toEqual([["handshaking undefined"], ["pause", "reset"]]);
  });

  test("is dropped when the listener has no more room for it", () => {
    const { socket, drop } = come("require", PROXY);
    drop();
    expect(socket.calls).toEqual(["destroy"]);
  });

  test.each<[string, Partial<CloseReason>, (socket: FakeSocket) => unknown]>([
    ["ends", { kind: "remote" }, (socket) => socket.emit("end")],
    [
      "fails",
      { kind: "reset", code: "ECONNRESET" },
      (socket) => socket.emit("error", withCode("ECONNRESET")),
    ],
    ["sends another thing", { kind: "protocol" }, (socket) => socket.emit("data", Buffer.from("hello\n"))],
    [
      "sends a broken header",
      { kind: "protocol" },
      (socket) => socket.emit("data", Buffer.from("PROXY \r\n")),
    ],
    ["is late", { kind: "timeout", code: "proxyTimeoutMs" }, () => timers.get(1)?.late()],
  ])("that %s is rejected once, and reset", (_, reason, act) => {
    const { socket, events, reasons } = come("require", PROXY);
    act(socket);
    socket.emit("end");
    socket.emit("error", withCode("EPIPE"));
    socket.emit("data", Buffer.from(HEADER));
    socket.emit("close");
    expect([events, reasons]).toMatchObject([["handshaking undefined", "rejected"], [reason]]);
    expect([socket.calls, timers.size]).toEqual([["pause", "reset"], 0]);
    expect(LISTENED.map((type) => socket.listenerCount(type))).toEqual([0, 0, 0]);
  });

  test("that has closed is rejected, and not reset any more", () => {
    const { socket, events, reasons } = come("accept", PROXY);
    socket.destroyed = true;
    socket.emit("close");
    expect([events[1], reasons[0]?.kind, socket.calls]).toEqual(["rejected", "remote", ["pause"]]);
  });

  test("that cannot be paused is rejected with the reason", () => {
    const { socket, events, reasons } = come("accept", PROXY, { broken: "pause" });
    socket.emit("data", Buffer.from(HEADER));
    expect([events[1], reasons[0]?.code, socket.calls]).toEqual(["rejected", "EBROKEN", ["reset"]]);
  });
});

describe("a trusted proxy that may speak for itself", () => {
  test.each<[string, string, (socket: FakeSocket) => unknown]>([
    ["sends another thing", "hello\n", (socket) => socket.emit("data", Buffer.from("hello\n"))],
    ["waits for a word", "", () => timers.get(1)?.late()],
    [
      "waits after an empty line",
      "\r\n",
      (socket) => {
        socket.emit("data", Buffer.from("\r\n"));
        timers.get(1)?.late();
      },
    ],
  ])("is a link of its own when it %s", (_, head, act) => {
    const { socket, events, links, identified } = come("accept", PROXY);
    act(socket);
    expect([events.slice(1), identified[0]?.host, links[0]?.remoteAddress?.host]).toEqual([
      ["incoming"],
      PROXY,
      PROXY,
    ]);
    expect(headOf(links)).toBe(head);
  });

  test("is rejected when it is late with a header that it has begun", () => {
    const { socket, reasons } = come("accept", PROXY);
    socket.emit("data", Buffer.from("PROXY "));
    timers.get(1)?.late();
    expect(reasons).toMatchObject([{ kind: "timeout", code: "proxyTimeoutMs" }]);
  });
});

test("no header is read where no proxy is trusted", () => {
  expect(proxyAccept({})).toBeUndefined();
  expect(() => proxyAccept({ proxyProtocol: "accept" })).toThrow(TypeError);
});
