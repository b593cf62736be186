/**
 * When a connect to a unix socket tries again, and what the link does while it has no
 * socket. The sockets never come to a system: each test says what becomes of them.
 */
import type net from "node:net";
import type { Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type CloseReason, type Link, unix } from "../../../src/index.ts";

const made = vi.hoisted((): Socket[] => []);
/** The options of the newest socket. */
let asked: unknown;

vi.mock("node:net", async (original) => {
  const real = await original<typeof net>();
  const connect = (options: unknown): Socket => {
    asked = options;
    const socket = new real.Socket();
    made.push(socket);
    return socket;
  };
  return { ...real, connect, default: { ...real, connect } };
});

const ADDRESS = { family: "unix", host: "/game", port: 0 };

afterEach(() => {
  for (const socket of made.splice(0)) socket.destroy();
});

/** A link that connects, and what it has reported. */
function connecting(options: { readonly allowHalfOpen?: boolean } = {}) {
  const link = (unix({ path: "/game", ...options }).connect as () => Link)();
  const events: string[] = [];
  const reasons: CloseReason[] = [];
  link.attach({
    opened: () => events.push("opened"),
    received: (bytes) => events.push(`received ${bytes.length}`),
    partial: () => events.push("partial"),
    suspended: () => events.push("suspended"),
    resumed: () => events.push("resumed"),
    drained: (sizeBytes) => events.push(`drained ${sizeBytes}`),
    ended: () => events.push("ended"),
    closed: (reason) => {
      events.push("closed");
      reasons.push(reason);
    },
  });
  return { link, events, reasons };
}

/** The newest socket cannot connect. */
function fail(code: string): void {
  made.at(-1)?.emit("error", Object.assign(new Error(code), { code }));
}

describe("a unix socket whose queue is full", () => {
  test("is tried again after pauses that double up to 200 ms, in polled time", () => {
    const { link, events } = connecting();
    let nowMs = 1_000;
    for (const pauseMs of [20, 40, 80, 160, 200, 200, 200]) {
      const before = made.length;
      expect(link.pump?.(nowMs)).toBe(20); // a failure that it mends is no event, so it asks to be called
      fail("EAGAIN");
      expect(link.pump?.(nowMs)).toBe(pauseMs);
      expect(link.pump?.(nowMs + pauseMs - 1)).toBe(1);
      expect(made).toHaveLength(before);
      nowMs += pauseMs;
      expect(link.pump?.(nowMs)).toBe(20);
      expect(made).toHaveLength(before + 1);
    }
    expect(link.failedAttempts).toEqual([
      { address: ADDRESS, reason: expect.objectContaining({ kind: "overflow", code: "EAGAIN" }) },
    ]);
    expect(events).toEqual([]);
    made.at(-1)?.emit("connect");
    expect(events).toEqual(["opened"]);
    expect(link.pump?.(nowMs)).toBeUndefined();
  });

  test("is tried no more after an abort during the pause, which is the reason", () => {
    const { link, events, reasons } = connecting();
    fail("EAGAIN");
    link.pump?.(0);
    link.abort();
    link.abort();
    expect(events).toEqual(["closed"]);
    expect(reasons).toEqual([{ kind: "local", message: "this side closed the connection" }]);
    expect([link.pump?.(1_000), made.length]).toEqual([undefined, 1]);
  });
});

describe("a unix socket that connects", () => {
  test("is closed with the reason of a failure that time does not mend, and reports it once", () => {
    const { link, events, reasons } = connecting();
    fail("ECONNREFUSED");
    fail("EPIPE");
    made[0]?.emit("connect");
    expect(events).toEqual(["closed"]);
    expect(reasons[0]).toMatchObject({ kind: "refused", code: "ECONNREFUSED" });
    expect([made[0]?.destroyed, link.failedAttempts, link.pump?.(0)]).toEqual([true, [], undefined]);
  });

  test.each<["end" | "abort"]>([["end"], ["abort"]])(
    "is dropped by %s, whatever the system still says of it",
    (call) => {
      const { link, events, reasons } = connecting();
      link[call]();
      expect(made[0]?.destroyed).toBe(true);
      made[0]?.emit("connect");
      fail("EAGAIN");
      expect(events).toEqual(["closed"]);
      expect(reasons[0]?.kind).toBe("local");
      expect([link.remoteAddress, link.pump?.(0)]).toEqual([undefined, undefined]);
    },
  );

  test("takes every call of a core that does not know yet that it is not open", () => {
    const { link, events } = connecting();
    link.pause();
    link.resume();
    link.probe?.();
    link.endSending();
    expect(link.write(new Uint8Array(3))).toBe(true);
    expect([link.localAddress, link.remoteAddress, events]).toEqual([undefined, undefined, []]);
  });

  test("has its path as the remote address, and passes calls on, once it is open", () => {
    const { link, events } = connecting({ allowHalfOpen: true });
    const socket = made[0] as Socket;
    expect(asked).toEqual({ path: "/game", allowHalfOpen: true }); // so that an answer still reaches a peer that has ended
    socket.emit("connect");
    expect(events).toEqual(["opened"]);
    expect([link.localAddress, link.remoteAddress, link.allowHalfOpen]).toEqual([undefined, ADDRESS, true]);
    const calls = ["pause", "resume", "end", "destroy", "resetAndDestroy"] as const;
    const seen = calls.map((call) => vi.spyOn(socket, call).mockImplementation((() => socket) as never));
    const write = vi.spyOn(socket, "write").mockReturnValue(true);
    const writableLength = vi.spyOn(socket, "writableLength", "get").mockReturnValue(3);
    expect(link.write(new Uint8Array(3))).toBe(false); // the socket keeps it
    writableLength.mockReturnValue(0);
    link.probe?.();
    expect(write.mock.calls.map(([bytes]) => bytes.length)).toEqual([3, 0]);
    link.pause();
    link.resume();
    link.abort();
    expect(seen.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 0, 1, 0]); // such a socket has no reset
    expect(events).toEqual(["opened"]); // `closed` comes with the socket's own
    vi.restoreAllMocks();
  });

  test.each<["end" | "endSending"]>([["end"], ["endSending"]])(
    "ends its stream by %s, once it is open",
    (call) => {
      const { link, events } = connecting();
      const socket = made[0] as Socket;
      const [end, destroy] = [vi.spyOn(socket, "end"), vi.spyOn(socket, "destroy")];
      end.mockReturnValue(socket);
      socket.emit("connect");
      link[call]();
      expect([end.mock.calls.length, destroy.mock.calls.length, events]).toEqual([1, 0, ["opened"]]);
    },
  );

  test("that breaks once it is open is tried no more, and has one reason", async () => {
    const { link, events, reasons } = connecting();
    made[0]?.emit("connect");
    made[0]?.destroy(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
    await new Promise((resolve) => setImmediate(resolve));
    expect([events, reasons[0]?.kind]).toEqual([["opened", "closed"], "reset"]);
    expect([link.pump?.(0), made.length]).toEqual([undefined, 1]);
  });
});
