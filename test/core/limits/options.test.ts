/**
 * Each option of the core at its borders: the smallest and the largest value pass, one
 * beyond and a value of another kind throw at the call, with the option's name first,
 * and so does an option that is not there, with the nearest one that is.
 */
import { describe, expect, test } from "vitest";
import type { ConnectOptions } from "../../../src/core/client-options.ts";
import { ClientPoller } from "../../../src/core/client-poller.ts";
import type { PeerConnectOptions } from "../../../src/core/poller-options.ts";
import {
  type BindOptions,
  type DrainBudget,
  type FrameBudget,
  type ListenOptions,
  lines,
  type MemoryOptions,
  memory,
  Poller,
  type PollerOptions,
} from "../../../src/index.ts";

/** The borders of one option. */
interface Row {
  readonly valid: readonly unknown[];
  /** Values of the right kind that are out of range. */
  readonly beyond: readonly unknown[];
  readonly wrong: readonly unknown[];
}

/** A row for each option, which the type demands. */
type Rows<Options> = { readonly [Name in keyof Required<Options>]: Row };

const NOT_NUMBERS = ["1", null, true, [1], {}] as const;
const COUNT: Row = {
  valid: [1, Number.MAX_SAFE_INTEGER, Infinity],
  beyond: [0, -1, 1.5, Number.NaN, -Infinity, 2 ** 53],
  wrong: NOT_NUMBERS,
};
const COUNT_FROM_0: Row = { ...COUNT, valid: [0, ...COUNT.valid], beyond: COUNT.beyond.slice(1) };
const DURATION: Row = {
  valid: [Number.MIN_VALUE, 0.5, 2 ** 31, Infinity],
  beyond: [0, -0.001, -Infinity, Number.NaN],
  wrong: NOT_NUMBERS,
};
const RATE: Row = {
  valid: [Number.MIN_VALUE, 0.5, Infinity],
  beyond: [0, -1, Number.NaN, -Infinity],
  wrong: NOT_NUMBERS,
};
const FUNCTION: Row = { valid: [() => 0], beyond: [], wrong: [1, null, "now", {}] };
const BOOLEAN: Row = { valid: [true, false], beyond: [], wrong: [0, 1, "true", null] };
const LIST: Row = { valid: [{ check: () => true }], beyond: [], wrong: [["10.0.0.1"], "10.0.0.1", null, {}] };
const choice = (...valid: string[]): Row => ({ valid, beyond: [], wrong: ["other", "", 1, null, true] });

const DATAGRAM_LIMITS: Rows<Pick<BindOptions, "receiveLimitBytes" | "sendLimitBytes" | "closeTimeoutMs">> = {
  receiveLimitBytes: COUNT,
  sendLimitBytes: COUNT,
  closeTimeoutMs: DURATION,
};
const LIMITS = { ...DATAGRAM_LIMITS, faultTimeoutMs: DURATION };
const PEER_LIMITS = {
  receiveOverflow: choice("pause", "drop-oldest", "drop-newest", "close"),
  messageRateHz: RATE,
  maxMessageBytes: COUNT,
  sendOverflow: choice("refuse", "drop-oldest", "close"),
  firstMessageTimeoutMs: DURATION,
  partialMessageTimeoutMs: DURATION,
  idleTimeoutMs: DURATION,
  unsentTimeoutMs: DURATION,
  pauseTimeoutMs: DURATION,
  untakenTimeoutMs: DURATION,
};
const LISTEN: Rows<ListenOptions> = {
  ...LIMITS,
  ...PEER_LIMITS,
  acceptLimit: COUNT,
  maxConnections: COUNT,
  maxConnectionsPerAddress: COUNT,
  acceptRateHz: RATE,
  allowList: LIST,
  denyList: LIST,
};
const CONNECT: Rows<ConnectOptions> = {
  ...LIMITS,
  timeoutMs: DURATION,
  signal: {
    valid: [new AbortController().signal, AbortSignal.abort()],
    beyond: [],
    wrong: [new AbortController(), new EventTarget(), null, "abort", {}],
  },
};
const PEER_CONNECT: Rows<PeerConnectOptions> = { ...CONNECT, ...PEER_LIMITS };
const CLIENT_POLLER = { ...LIMITS, timeoutMs: DURATION, maxFrameMs: RATE, clock: FUNCTION };
const POLLER: Rows<PollerOptions> = {
  ...LISTEN,
  ...CLIENT_POLLER,
  frameBudget: { valid: [{}], beyond: [], wrong: [1, null, [], "all"] },
};
const BUDGET: Rows<FrameBudget> = { messages: COUNT, bytes: COUNT };
const DRAIN: Rows<DrainBudget> = {
  messages: COUNT_FROM_0,
  bytes: COUNT_FROM_0,
  ms: { ...DURATION, valid: [0, ...DURATION.valid], beyond: DURATION.beyond.slice(1) },
};
const BIND: Rows<BindOptions> = {
  ...DATAGRAM_LIMITS,
  maxDatagramBytes: { valid: [1, 65_507], beyond: [0, 65_508, 1.5, Infinity], wrong: NOT_NUMBERS },
};
const MEMORY: Rows<MemoryOptions> = { allowHalfOpen: BOOLEAN, pieceBytes: COUNT };

/** A call that takes options, its options, and one that it has not, with the nearest that it has. */
interface Call {
  readonly call: string;
  readonly rows: Record<string, Row>;
  readonly run: (options: never) => unknown;
  readonly unknown: readonly [name: string, nearest: string];
  /** What stands before the name of an option. */
  readonly prefix?: string;
}

const CALLS: readonly Call[] = [
  {
    call: "new Poller",
    rows: POLLER,
    run: (options) => new Poller(options),
    unknown: ["idleTimeout", "idleTimeoutMs"],
  },
  {
    call: "new Poller of a page",
    rows: CLIENT_POLLER,
    run: (options) => new ClientPoller(options),
    unknown: ["maxFrameMS", "maxFrameMs"],
  },
  {
    call: "poller.listen",
    rows: { ...LISTEN, data: FUNCTION },
    run: (options) => new Poller().listen(memory(), lines(), options),
    unknown: ["timeoutMs", "idleTimeoutMs"],
  },
  {
    call: "poller.connect",
    rows: { ...PEER_CONNECT, data: FUNCTION },
    run: (options) => new Poller().connect(memory(), lines(), options),
    unknown: ["timeout", "timeoutMs"],
  },
  {
    call: "poller.connect of a page",
    rows: CONNECT,
    run: (options) => new ClientPoller().connect(memory(), lines(), options),
    unknown: ["abortSignal", "signal"],
  },
  {
    call: "poller.bind",
    rows: BIND,
    run: (options) => new Poller().bind(memory(), lines(), options),
    unknown: ["receiveLimit", "receiveLimitBytes"],
  },
  {
    call: "frameBudget",
    rows: BUDGET,
    run: (frameBudget) => new Poller({ frameBudget }),
    unknown: ["message", "messages"],
    prefix: "frameBudget.",
  },
  {
    call: "listener.drain",
    rows: DRAIN,
    run: (budget) => new Poller().listen(memory(), lines()).drain(() => {}, budget),
    unknown: ["mS", "ms"],
  },
  {
    call: "memory",
    rows: MEMORY,
    run: (options) => memory(options),
    unknown: ["pieceByte", "pieceBytes"],
  },
];

const OPTIONS = CALLS.flatMap(({ call, rows, run, prefix = "" }) =>
  Object.entries(rows).map(([name, row]) => ({ call, name, row, run, fullName: `${prefix}${name}` })),
);

describe("options", () => {
  test.each(OPTIONS)(
    "$call takes $name up to its borders, and none beyond",
    ({ name, row, run, fullName }) => {
      const give = (value: unknown) => () => run({ [name]: value } as never);
      give(undefined)();
      for (const value of row.valid) give(value)();
      for (const value of row.beyond) {
        expect(give(value), String(value)).toThrow(RangeError);
        expect(give(value)).toThrow(new RegExp(`^${fullName}: expected `));
      }
      for (const value of row.wrong) {
        expect(give(value), String(value)).toThrow(TypeError);
        expect(give(value)).toThrow(new RegExp(`^${fullName}: expected `));
      }
    },
  );

  test.each(CALLS)("$call names the nearest option to one that is not there", (row) => {
    const { run, unknown, prefix = "" } = row;
    const [name, nearest] = unknown;
    expect(() => run({ [name]: 1 } as never)).toThrow(
      new TypeError(`${prefix}${name}: there is no such option; the nearest one is ${nearest}`),
    );
  });

  test.each(CALLS)("$call takes no options but an object", ({ run }) => {
    for (const options of [null, 1, "fast", [], () => {}]) {
      expect(() => run(options as never), String(options)).toThrow(TypeError);
      expect(() => run(options as never)).toThrow(/^\w+: expected an object, got /);
    }
  });

  test("that are refused leave nothing behind: no connection, no listener and no socket", () => {
    const poller = new Poller();
    const wrong = { sendLimitBytes: 0 };
    expect(() => poller.listen(memory(), lines(), wrong)).toThrow(RangeError);
    expect(() => poller.connect(memory(), lines(), wrong)).toThrow(RangeError);
    expect(() => poller.bind(memory(), lines(), wrong)).toThrow(RangeError);
    poller.poll(0);
    expect([poller.hasActivity, poller.ready.length]).toEqual([false, 0]);
  });
});
