/**
 * Each option of `tcp()`: what it accepts and refuses, and that it does what it
 * says, observed at the socket. The table has a row for every option, which its type
 * demands.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Connection, type Listener, lines, Poller, type TcpOptions, tcp } from "../../../src/index.ts";
import { type Need, needs } from "../../machine.ts";
import { quietPort } from "../../ports.ts";
import { until } from "../link-pair.ts";

interface OptionRow {
  /** Values that are accepted, the smallest and the largest among them. */
  readonly takes: readonly unknown[];
  /** Values that are a RangeError: those next to the smallest and the largest among them. */
  readonly outside: readonly unknown[];
  /** Values that are a TypeError. */
  readonly wrong: readonly unknown[];
  readonly needs?: readonly Need[];
  /** Observes that it does what it says. */
  readonly does: () => Promise<void>;
}

const HOST = "127.0.0.1";
const NO_BOOLEANS = ["no", 0, 1, null, {}];

const OPTIONS: { readonly [Name in keyof Required<TcpOptions>]: OptionRow } = {
  port: {
    takes: [0, 1, 65_535],
    outside: [-1, 65_536, 1.5, Number.NaN, Infinity],
    wrong: ["80", undefined, null, [80]],
    async does() {
      const port = await quietPort();
      const { near, listener } = await pair({ port });
      expect([listener.address?.port, near.remoteAddress?.port]).toEqual([port, port]);
    },
  },
  host: {
    takes: ["a", HOST, "::1", "x".repeat(300)],
    outside: ["", "127.0.0.1\0.example.org"],
    wrong: [5, null, [HOST]],
    async does() {
      const { near, listener } = await pair({ host: HOST });
      expect([listener.address?.host, near.remoteAddress?.host]).toEqual([HOST, HOST]);
    },
  },
  localAddress: {
    takes: [HOST, "::1", "fe80::1%lo"],
    outside: ["", "localhost", "127.0.0.1\0", "127.0.0.1:80", "127.1"],
    wrong: [5, null],
    needs: ["127.0.0.2"],
    async does() {
      const { near, far } = await pair({}, { localAddress: "127.0.0.2" });
      expect([near.localAddress?.host, far.remoteAddress?.host]).toEqual(["127.0.0.2", "127.0.0.2"]);
    },
  },
  backlog: {
    takes: [1, 2 ** 31 - 1],
    outside: [0, -1, 2 ** 31, 1.5],
    wrong: ["1", null, true],
    needs: ["ss"],
    async does() {
      for (const [options, queue] of [
        [{}, "511"],
        [{ backlog: 7 }, "7"],
      ] as const) {
        const { address } = await listening(options);
        expect(ss("-ltn", `sport = :${address?.port}`)[0]?.trim().split(/\s+/)[2]).toBe(queue);
      }
    },
  },
  ipv6Only: {
    takes: [true, false],
    outside: [],
    wrong: NO_BOOLEANS,
    needs: ["IPv6"],
    async does() {
      for (const [ipv6Only, state] of [
        [true, "closed"],
        [false, "open"],
      ] as const) {
        const { address } = await listening({ host: "::", ipv6Only });
        const near = newPoller().connect(tcp({ host: HOST, port: address?.port ?? 0 }), lines());
        await until(() => polled() && near.state !== "connecting");
        expect(near.state).toBe(state);
      }
    },
  },
  noDelay: {
    takes: [true, false],
    outside: [],
    wrong: NO_BOOLEANS,
    async does() {
      const setNoDelay = vi.spyOn(await handlePrototype(), "setNoDelay");
      await pair({ noDelay: false });
      expect(setNoDelay.mock.calls).toEqual([]);
      await pair({});
      expect(setNoDelay.mock.calls).toEqual([[true], [true]]); // at both ends
    },
  },
  keepAliveDelayMs: {
    takes: [1_000, 1_500.5, 32_767_000, Infinity],
    outside: [0, -1, 0.5, 1, 500, 999, 32_767_001, Number.NaN],
    wrong: ["1000", null, true],
    needs: ["ss"],
    async does() {
      const timersMs = async (keepAliveDelayMs: number) => {
        const { listener } = await pair({ keepAliveDelayMs });
        const rows = ss(
          "-tno",
          "state",
          "established",
          `( sport = :${listener.address?.port} or dport = :${listener.address?.port} )`,
        );
        expect(rows).toHaveLength(2);
        return rows.map((row) => durationMs(/keepalive,([^,)]+)/.exec(row)?.[1]));
      };
      expect(await timersMs(Infinity)).toEqual([undefined, undefined]);
      for (const delayMs of [1_000, 60_000, 32_767_000]) {
        for (const timerMs of await timersMs(delayMs)) {
          expect(timerMs).toBeGreaterThan(0);
          expect(timerMs).toBeLessThanOrEqual(delayMs);
          if (delayMs > 1_000) expect(timerMs).toBeGreaterThan(delayMs / 2); // the machine may be slow
        }
      }
    },
  },
  allowHalfOpen: {
    takes: [true, false],
    outside: [],
    wrong: NO_BOOLEANS,
    async does() {
      for (const [allowHalfOpen, isOver] of [
        [true, false],
        [false, true],
      ] as const) {
        const { near, far } = await pair({ allowHalfOpen });
        near.end();
        await until(() => polled() && (isOver ? far.state === "closed" : far.recvEnded));
        expect(far.state).toBe(isOver ? "closed" : "open");
        far.close();
      }
    },
  },
  attemptTimeoutMs: {
    takes: [10, Number.MAX_SAFE_INTEGER],
    outside: [0, 9, 10.5, -1, Infinity],
    wrong: ["10", null],
    async does() {
      // What comes after that time, connect-race.test.ts has.
      for (const [options, waitMs] of [
        [{}, 1_000],
        [{ attemptTimeoutMs: 10 }, 10],
      ] as const) {
        expect(
          tcp({ host: "localhost", port: 1, ...options })
            .connect?.()
            .pump?.(0),
        ).toBe(waitMs);
      }
    },
  },
};

const pollers: Poller[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(pollers.splice(0).map((poller) => poller[Symbol.asyncDispose]()));
});

describe.each(Object.entries(OPTIONS))("the option %s", (name, row) => {
  const make = (value: unknown) => () => tcp({ port: 1, [name]: value });

  test("takes its smallest and largest values", () => {
    for (const value of row.takes) expect(make(value)).not.toThrow();
    if (name !== "port") expect(make(undefined)).not.toThrow(); // as if it were not given
  });

  test("refuses values beyond those, and of another kind, by its name", () => {
    for (const value of row.outside) {
      expect(make(value), String(value)).toThrow(RangeError);
      expect(make(value)).toThrow(`${name}: expected `);
    }
    for (const value of row.wrong) {
      expect(make(value), String(value)).toThrow(TypeError);
      expect(make(value)).toThrow(`${name}: expected `);
    }
  });

  test("does what it says", needs(...(row.needs ?? [])), () => row.does());
});

test("an option that there is not is refused, with the nearest one", () => {
  for (const [wrong, nearest] of [
    ["nodelay", "noDelay"],
    ["localAdress", "localAddress"],
    ["keepAliveDelay", "keepAliveDelayMs"],
  ] as const) {
    const options = { port: 1, [wrong]: true };
    expect(() => tcp(options)).toThrow(TypeError);
    expect(() => tcp(options)).toThrow(`${wrong}: there is no such option; the nearest one is ${nearest}`);
  }
});

function newPoller(): Poller {
  const poller = new Poller();
  pollers.push(poller);
  return poller;
}

/** A frame of all pollers. */
function polled(): boolean {
  for (const poller of pollers) poller.poll();
  return true;
}

async function listening(options: Partial<TcpOptions>): Promise<Listener<string>> {
  const listener = newPoller().listen(tcp({ host: HOST, port: 0, ...options }), lines());
  await until(() => polled() && listener.state === "listening");
  return listener;
}

/** Both ends of a connection, each with these options. */
async function pair(options: Partial<TcpOptions>, own: Partial<TcpOptions> = {}) {
  const listener = await listening(options);
  const place = { host: HOST, ...options, ...own, port: listener.address?.port ?? 0 };
  const near = newPoller().connect(tcp(place), lines());
  let far: Connection<string> | undefined;
  await until(() => polled() && (far ??= listener.tryAccept()) !== undefined && near.state === "open");
  return { listener, near, far: far as Connection<string> };
}

function ss(...options: readonly string[]): string[] {
  const printed = execFileSync("ss", ["-H", ...options], { encoding: "utf8" });
  return printed.split("\n").filter((line) => line !== "");
}

/** A duration as `ss` writes it: `980ms`, `59sec`, `9min59sec`, `546min`, `9.980ms` for 9.98 s. */
function durationMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, minutes = "0", seconds = "0", thousandths = "0"] =
    /^(?:(\d+)min)?(?:(\d+)sec)?(?:(\d+|\d+\.\d+)ms)?$/.exec(text) ?? [];
  const rest = thousandths.includes(".") ? Number(thousandths) * 1_000 : Number(thousandths);
  return Number(minutes) * 60_000 + Number(seconds) * 1_000 + rest;
}

interface TcpHandle {
  setNoDelay(on: boolean): unknown;
}

/** What all handles of TCP sockets inherit from. */
async function handlePrototype(): Promise<TcpHandle> {
  const server = net.createServer().listen(0, HOST);
  await once(server, "listening");
  const socket = net.connect((server.address() as AddressInfo).port, HOST);
  await once(socket, "connect");
  const { _handle } = socket as unknown as { _handle: TcpHandle };
  socket.destroy();
  server.close();
  return Object.getPrototypeOf(_handle);
}
