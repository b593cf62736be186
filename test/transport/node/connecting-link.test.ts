/**
 * A link that is still to be connected: what its calls do before there is a socket, that
 * they all go to the link over the socket from then on, and how it ends.
 */
import type net from "node:net";
import type { Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { CloseReason, Link, LinkEvents, Security } from "../../../src/index.ts";
import { ConnectingLink } from "../../../src/transport/node/connecting-link.ts";
import { NODE_SOCKETS } from "../../../src/transport/node/node-dialler.ts";

const made = vi.hoisted((): Socket[] => []);

vi.mock("node:net", async (original) => {
  const real = await original<typeof net>();
  const connect = (): Socket => {
    const socket = new real.Socket();
    made.push(socket);
    return socket;
  };
  return { ...real, connect, default: { ...real, connect } };
});

afterEach(() => {
  for (const socket of made.splice(0)) socket.destroy();
});

const TARGET = { host: "127.0.0.1", port: 5, attemptTimeoutMs: 1_000, socketOptions: {} };
const LOCAL = { kind: "local", message: "this side closed the connection" };
const BYTES = Uint8Array.of(1);
const FACTS = {
  localAddress: { family: "IPv4", host: "127.0.0.1", port: 1 },
  remoteAddress: { family: "IPv4", host: "127.0.0.1", port: 5 },
  security: { protocol: "TLSv1.3" } as Security,
  protocol: "chat",
  rttMs: 12,
} as const;

/** A link over a socket that writes down its calls. */
class Inner {
  readonly calls: unknown[][] = [];
  readonly allowHalfOpen = false;
  attach(events: LinkEvents): void {
    this.calls.push(["attach"]);
    events.opened();
  }
  write(bytes: Uint8Array): boolean {
    this.calls.push(["write", bytes]);
    return false;
  }
  pump(...given: unknown[]): number {
    this.calls.push(["pump", ...given]);
    return 7;
  }
  pause = (): void => void this.calls.push(["pause"]);
  resume = (): void => void this.calls.push(["resume"]);
  probe = (): void => void this.calls.push(["probe"]);
  reportPartial = (): void => void this.calls.push(["reportPartial"]);
  endSending = (): void => void this.calls.push(["endSending"]);
  end = (reason?: CloseReason): void => void this.calls.push(["end", reason]);
  abort = (reason?: CloseReason): void => void this.calls.push(["abort", reason]);
}

function connecting(open: (socket: Socket) => Link) {
  const link = new ConnectingLink(TARGET, true, NODE_SOCKETS, open);
  const events: string[] = [];
  const reasons: CloseReason[] = [];
  link.attach({
    opened: () => events.push("opened"),
    received: () => events.push("received"),
    partial: () => events.push("partial"),
    suspended: () => events.push("suspended"),
    resumed: () => events.push("resumed"),
    drained: () => events.push("drained"),
    ended: () => events.push("ended"),
    closed: (reason) => {
      events.push("closed");
      reasons.push(reason);
    },
  });
  return { link, events, reasons };
}

function factsOf({ localAddress, remoteAddress, security, protocol, rttMs }: Link) {
  return { localAddress, remoteAddress, security, protocol, rttMs };
}

/** The socket is connected to somebody else. */
function connect(): void {
  const [socket] = made as [Socket];
  vi.spyOn(socket, "localPort", "get").mockReturnValue(1);
  vi.spyOn(socket, "remotePort", "get").mockReturnValue(5);
  socket.emit("connect");
}

const nobody = () => expect.unreachable("it has not connected");

describe("before it is connected, a link", () => {
  test("knows nothing of a peer, takes bytes and calls, and asks for a pump as the link to come may", () => {
    const { link, events } = connecting(nobody);
    expect(factsOf(link)).toEqual({});
    expect([link.allowHalfOpen, link.failedAttempts]).toEqual([true, []]);
    expect(link.write(BYTES)).toBe(true);
    link.pause();
    link.resume();
    link.probe();
    link.reportPartial();
    expect([link.pump(0), events, made[0]?.destroyed]).toEqual([Infinity, [], false]);
  });

  test.each<["end" | "endSending" | "abort"]>([["end"], ["endSending"], ["abort"]])(
    "is closed by %s after the call, once, and does not connect any more",
    async (call) => {
      const { link, events, reasons } = connecting(nobody);
      link[call]();
      link[call]();
      expect([events, made[0]?.destroyed]).toEqual([[], true]);
      connect();
      await new Promise((resolve) => setImmediate(resolve));
      expect([events, reasons, link.pump(0)]).toEqual([["closed"], [LOCAL], undefined]);
      link[call]();
      await new Promise((resolve) => setImmediate(resolve));
      expect([link.write(BYTES), events]).toEqual([true, ["closed"]]);
    },
  );

  test("is closed with the reason when it cannot be connected, and tells which address was tried", () => {
    const { link, events, reasons } = connecting(nobody);
    made[0]?.emit("error", Object.assign(new Error("no"), { code: "ECONNREFUSED" }));
    expect([events, reasons[0]?.kind, link.pump(0)]).toEqual([["closed"], "refused", undefined]);
    expect(link.failedAttempts).toMatchObject([{ address: { host: "127.0.0.1", port: 5 } }]);
  });

  test("is closed with the reason when no link can be made of the socket, which is dropped", async () => {
    const { events, reasons } = connecting(() => {
      throw Object.assign(new Error("no context"), { code: "EBROKEN" });
    });
    connect();
    expect([events, reasons[0]?.code, made[0]?.destroyed]).toEqual([["closed"], "EBROKEN", true]);
    made[0]?.emit("error", new Error("late")); // which nobody hears, and which throws nothing
  });
});

describe("once it is connected, a link", () => {
  test("is the one over the socket, to the last call", () => {
    const inner = Object.assign(new Inner(), FACTS);
    let over: Socket | undefined;
    const { link, events } = connecting((socket) => {
      over = socket;
      return inner;
    });
    connect();
    expect([over, events, factsOf(link)]).toEqual([made[0], ["opened"], FACTS]);
    const reason = { kind: "local", message: "enough" } as const;
    const poller = {};
    expect([link.write(BYTES), link.pump(5, poller, true)]).toEqual([false, 7]);
    link.pause();
    link.resume();
    link.probe();
    link.reportPartial();
    link.endSending();
    link.end(reason);
    link.abort(reason);
    expect(inner.calls).toEqual([
      ["attach"],
      ["write", BYTES],
      ["pump", 5, poller, true],
      ...["pause", "resume", "probe", "reportPartial", "endSending"].map((call) => [call]),
      ["end", reason],
      ["abort", reason],
    ]);
    expect([events, made[0]?.destroyed]).toEqual([["opened"], false]);
  });

  test("has no probe, no pump and no report where that one has none", () => {
    const { probe: _, pump: __, reportPartial: ___, ...rest } = new Inner();
    const inner = { ...rest, ...FACTS, attach() {}, write: () => true };
    const { link } = connecting(() => inner);
    connect();
    link.probe();
    link.reportPartial();
    expect(link.pump(0)).toBeUndefined();
  });
});
