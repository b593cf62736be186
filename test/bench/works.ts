/**
 * The rows of the benchmark: what is carried, who carries it, and what is
 * expected of tickwire beside the others. Data only; every process reads the
 * same.
 */
import type { FigureName } from "./report/figures.ts";

/** One kind of work: what the clients do, what the game does. Ticks are those of {@link RATE_HZ}. */
export interface Work {
  /** As in `--only idle-10`. */
  readonly name: string;
  readonly title: string;
  readonly connections: number;
  readonly task: Task;
  /** Whether the window begins with the first message, and has the first seconds of the process in it. */
  readonly isCold?: true;
  /** Who takes part, in the order of the table. */
  readonly contestants: readonly ContestantName[];
  /** The figures that matter here, for the table. */
  readonly figures: readonly FigureName[];
  readonly expected: readonly Expectation[];
  /** What a reader of the figures has to know. */
  readonly note?: string;
}

export type Task =
  /** Everyone is silent. */
  | { readonly kind: "idle" }
  /** Each client sends so many messages per tick; at another rate than {@link RATE_HZ} where one is given. */
  | { readonly kind: "receive"; readonly perTick: number; readonly rateHz?: number }
  /** The server sends so many messages to each client per tick. */
  | { readonly kind: "broadcast"; readonly perTick: number }
  /** Each client sends its position per tick, and the server sends all positions to all. */
  | { readonly kind: "everyone" }
  /** Each client sends as fast as it can; the game takes so many messages per tick at the most. */
  | { readonly kind: "firehose"; readonly takePerTick?: number; readonly receiveLimitBytes?: number }
  /** Clients connect, say one line and close, at this rate. */
  | { readonly kind: "churn"; readonly times: number; readonly perSecond: number }
  /** One client sends and waits for the answer, again and again. No frames: both sides wait for activity. */
  | { readonly kind: "ping-pong" };

/** Who takes part. */
export interface Contestant {
  readonly title: string;
  /** The file in `servers/`, without its ending. */
  readonly program:
    | "bare"
    | "plain"
    | "tuned"
    | "ws"
    | "tickwire"
    | "tickwire-udp"
    | "python_loop"
    | "epoll_loop";
  readonly wire: "tcp" | "unix" | "tls" | "udp" | "websocket";
  readonly format: "line" | "record";
  /** Whether a position replaces an older one that has not left. */
  readonly sendsLatest?: true;
  /** Whether a conditioner that does nothing is around the transport. */
  readonly isConditioned?: true;
  /** Whether its sockets are in a thread of their own. */
  readonly isThreaded?: true;
  /** Whether all that passes is recorded in a file. */
  readonly isRecorded?: true;
  /** Whether each connection is a session, at both ends. */
  readonly isSession?: true;
  /** Whether all sockets are read into one buffer, as tickwire reads them. */
  readonly sharesReads?: true;
  /** Whether the sockets are the system's, which `poll()` reads itself. */
  readonly isNative?: true;
}

export type ContestantName =
  | "bare"
  | "floor"
  | "plain"
  | "plain records"
  | "tuned"
  | "tuned records"
  | "ws"
  | "python"
  | "epoll"
  | "tcp"
  | "native tcp"
  | "tcp records"
  | "tcp latest"
  | "threaded"
  | "threaded native"
  | "threaded websocket"
  | "conditioned"
  | "tcp recorded"
  | "session"
  | "unix"
  | "tls"
  | "udp"
  | "native udp"
  | "websocket";

export const CONTESTANTS: Readonly<Record<ContestantName, Contestant>> = {
  bare: { title: "`node:net` that keeps nothing", program: "bare", wire: "tcp", format: "line" },
  floor: {
    title: "the same, all reads into one buffer",
    program: "bare",
    wire: "tcp",
    format: "line",
    sharesReads: true,
  },
  plain: { title: "`node:net` as people write it", program: "plain", wire: "tcp", format: "line" },
  "plain records": {
    title: "`node:net` as people write it, records",
    program: "plain",
    wire: "tcp",
    format: "record",
  },
  tuned: { title: "`node:net`, tuned by hand", program: "tuned", wire: "tcp", format: "line" },
  "tuned records": {
    title: "`node:net`, tuned by hand, records",
    program: "tuned",
    wire: "tcp",
    format: "record",
  },
  ws: { title: "`ws`", program: "ws", wire: "websocket", format: "line" },
  python: { title: "Python, `setblocking(False)`", program: "python_loop", wire: "tcp", format: "line" },
  epoll: { title: "C, epoll", program: "epoll_loop", wire: "tcp", format: "line" },
  "native tcp": {
    title: "**tickwire** `nativeTcp`",
    program: "tickwire",
    wire: "tcp",
    format: "line",
    isNative: true,
  },
  tcp: { title: "**tickwire** `tcp`", program: "tickwire", wire: "tcp", format: "line" },
  "tcp records": {
    title: "**tickwire** `tcp`, `struct()`",
    program: "tickwire",
    wire: "tcp",
    format: "record",
  },
  "tcp latest": {
    title: "**tickwire** `tcp`, `broadcastLatest`",
    program: "tickwire",
    wire: "tcp",
    format: "line",
    sendsLatest: true,
  },
  threaded: {
    title: "**tickwire** `threaded(tcp)`",
    program: "tickwire",
    wire: "tcp",
    format: "line",
    isThreaded: true,
  },
  "threaded native": {
    title: "**tickwire** `threaded(nativeTcp)`",
    program: "tickwire",
    wire: "tcp",
    format: "line",
    isThreaded: true,
    isNative: true,
  },
  "threaded websocket": {
    title: "**tickwire** `threaded(websocketServer)`",
    program: "tickwire",
    wire: "websocket",
    format: "line",
    isThreaded: true,
  },
  conditioned: {
    title: "**tickwire** `conditioned(tcp)`, no conditions",
    program: "tickwire",
    wire: "tcp",
    format: "line",
    isConditioned: true,
  },
  "tcp recorded": {
    title: "**tickwire** `recorded(tcp)`, in a file",
    program: "tickwire",
    wire: "tcp",
    format: "line",
    isRecorded: true,
  },
  session: {
    title: "**tickwire** `session(tcp)`",
    program: "tickwire",
    wire: "tcp",
    format: "line",
    isSession: true,
  },
  unix: { title: "**tickwire** `unix`", program: "tickwire", wire: "unix", format: "line" },
  tls: { title: "**tickwire** `tls`", program: "tickwire", wire: "tls", format: "line" },
  websocket: {
    title: "**tickwire** `websocketServer`",
    program: "tickwire",
    wire: "websocket",
    format: "line",
  },
  udp: { title: "**tickwire** `udp`", program: "tickwire-udp", wire: "udp", format: "line" },
  "native udp": {
    title: "**tickwire** `nativeUdp`",
    program: "tickwire-udp",
    wire: "udp",
    format: "line",
    isNative: true,
  },
};

/** What tickwire's figure should be beside another's. */
export interface Expectation {
  readonly figure: FigureName;
  readonly of: ContestantName;
  /** Whose figure it is compared with; `work` when that is one of another row. */
  readonly against?: { readonly contestant: ContestantName; readonly work?: string };
  /** `ratio` by default; a `value` stands alone. */
  readonly compare?: "ratio" | "difference" | "value";
  readonly atMost?: number;
  readonly atLeast?: number;
}

const PLAIN = { contestant: "plain" } as const;
const PYTHON = { contestant: "python" } as const;
const EPOLL = { contestant: "epoll" } as const;
const WS = { contestant: "ws" } as const;
const TCP = { contestant: "tcp" } as const;
const IDLE_FIGURES = ["hotFrame", "frameP50", "frameP99", "allocated", "cpu", "memory"] as const;
const FRAME_FIGURES = [
  "cpu",
  "cpuPerMessage",
  "systemPerMessage",
  "gamePerMessage",
  "frameP50",
  "frameP99",
  "frameMax",
  "loopDelayP99",
  "messages",
  "syscalls",
  "collections",
  "gcPause",
  "peak",
] as const;

/** Ticks per second, of the game and of its players. */
export const RATE_HZ = 60;

export const WORKS: readonly Work[] = [
  {
    name: "idle-10",
    title: "10 connections, silent",
    connections: 10,
    task: { kind: "idle" },
    contestants: ["plain", "tuned", "tcp"],
    figures: IDLE_FIGURES,
    expected: [],
  },
  {
    name: "idle-1000",
    title: "1,000 connections, silent",
    connections: 1_000,
    task: { kind: "idle" },
    contestants: ["bare", "plain", "tuned", "ws", "python", "epoll", "tcp", "native tcp", "unix", "tls"],
    figures: IDLE_FIGURES,
    expected: [
      { figure: "hotFrame", of: "tcp", against: PLAIN, atMost: 0.03 },
      { figure: "allocated", of: "tcp", compare: "value", atMost: 1 },
    ],
    note:
      "A hot frame is one of many without a rest between them: what the library costs. Met at 60 Hz, a frame " +
      "begins with the caches that the rest of the machine has left, and anything at all takes a microsecond. " +
      "The 16 bytes are what `performance.now()` makes on Node 20 and 22; on Node 24 nothing is left of them.",
  },
  {
    name: "idle-10000",
    title: "10,000 connections, silent",
    connections: 10_000,
    task: { kind: "idle" },
    contestants: ["bare", "plain", "tuned", "tcp"],
    figures: IDLE_FIGURES,
    expected: [
      { figure: "hotFrame", of: "tcp", against: { contestant: "tcp", work: "idle-10" }, atMost: 1.3 },
      { figure: "memory", of: "tcp", against: { contestant: "bare" }, compare: "difference", atMost: 8 },
    ],
  },
  {
    name: "lines-1000x1",
    title: "1,000 connections × 60 Hz × 1 line",
    connections: 1_000,
    task: { kind: "receive", perTick: 1 },
    contestants: [
      "bare",
      "floor",
      "plain",
      "tuned",
      "ws",
      "python",
      "epoll",
      "tcp",
      "native tcp",
      "threaded",
      "threaded native",
      "conditioned",
      "tcp recorded",
      "session",
      "unix",
      "websocket",
      "threaded websocket",
    ],
    figures: FRAME_FIGURES,
    expected: [
      { figure: "cpuPerMessage", of: "tcp", against: PLAIN, atMost: 0.55 },
      { figure: "frameP99", of: "tcp", against: PLAIN, atMost: 1 },
      { figure: "cpuPerMessage", of: "tcp", against: PYTHON, atMost: 1 },
      { figure: "frameP99", of: "tcp", against: PYTHON, atMost: 0.1 },
      { figure: "cpuPerMessage", of: "native tcp", against: PLAIN, atMost: 0.55 },
      { figure: "cpuPerMessage", of: "native tcp", against: PYTHON, atMost: 1.05 },
      { figure: "cpuPerMessage", of: "native tcp", against: EPOLL, atMost: 1.35 },
      { figure: "gamePerMessage", of: "threaded", against: PLAIN, atMost: 0.1 },
      { figure: "frameP99", of: "threaded", against: PLAIN, atMost: 1 },
      { figure: "cpuPerMessage", of: "conditioned", against: TCP, atMost: 1.1 },
      { figure: "cpuPerMessage", of: "tcp recorded", against: TCP, atMost: 1.2 },
      { figure: "cpuPerMessage", of: "session", against: TCP, atMost: 1.4 },
      { figure: "cpuPerMessage", of: "websocket", against: WS, atMost: 1.05 },
    ],
    note:
      "The first two take every byte and keep none, which is the least that Node asks for a message: one callback " +
      "for each read, as tickwire has it, cannot cost less than the second.",
  },
  {
    name: "cold-1000x1",
    title: "the first 4 s of 1,000 connections × 60 Hz × 1 line",
    connections: 1_000,
    task: { kind: "receive", perTick: 1 },
    isCold: true,
    contestants: ["plain", "tuned", "ws", "tcp", "websocket"],
    figures: FRAME_FIGURES,
    expected: [{ figure: "frameP99", of: "tcp", compare: "value", atMost: 1_000 }],
    note: "No warm-up, and no frames but those of the game: the process is as old as its clients' connections.",
  },
  {
    name: "lines-100x50",
    title: "100 connections × 60 Hz × 50 lines",
    connections: 100,
    task: { kind: "receive", perTick: 50 },
    contestants: [
      "plain",
      "tuned",
      "ws",
      "python",
      "epoll",
      "tcp",
      "native tcp",
      "threaded",
      "unix",
      "tls",
      "udp",
      "native udp",
      "websocket",
    ],
    figures: FRAME_FIGURES,
    expected: [
      { figure: "cpuPerMessage", of: "tcp", against: PLAIN, atMost: 0.9 },
      { figure: "cpuPerMessage", of: "native udp", against: { contestant: "udp" }, atMost: 0.5 },
      { figure: "frameP50", of: "udp", compare: "value", atMost: 200 },
    ],
  },
  {
    name: "datagrams-1000x1",
    title: "1,000 peers × 60 Hz × 1 datagram of a line",
    connections: 1_000,
    task: { kind: "receive", perTick: 1 },
    contestants: ["udp", "native udp"],
    figures: FRAME_FIGURES,
    expected: [{ figure: "cpuPerMessage", of: "native udp", against: { contestant: "udp" }, atMost: 0.5 }],
    note: "What the system is asked for and what Node makes of it, with little to decode in each datagram.",
  },
  {
    name: "broadcast-500x4",
    title: "500 connections × 60 Hz, 4 messages broadcast to each",
    connections: 500,
    task: { kind: "broadcast", perTick: 4 },
    contestants: [
      "plain",
      "tuned",
      "ws",
      "python",
      "epoll",
      "tcp",
      "native tcp",
      "threaded",
      "threaded native",
      "unix",
      "websocket",
    ],
    figures: FRAME_FIGURES,
    expected: [
      { figure: "cpuPerMessage", of: "tcp", against: PLAIN, atMost: 0.55 },
      { figure: "cpuPerMessage", of: "native tcp", against: PLAIN, atMost: 0.45 },
      { figure: "cpuPerMessage", of: "websocket", against: TCP, atMost: 1.05 },
    ],
  },
  {
    name: "everyone-100",
    title: "100 players, each position to everyone at 60 Hz",
    connections: 100,
    task: { kind: "everyone" },
    contestants: [
      "plain",
      "tuned",
      "ws",
      "python",
      "epoll",
      "tcp",
      "native tcp",
      "threaded",
      "tcp latest",
      "websocket",
    ],
    figures: ["frames", ...FRAME_FIGURES],
    expected: [
      { figure: "cpuPerMessage", of: "tcp", against: PLAIN, atMost: 0.3 },
      { figure: "cpuPerMessage", of: "tcp latest", against: PLAIN, atMost: 0.3 },
    ],
    note:
      "600,000 messages a second are due. Who cannot hold 60 frames a second sends fewer; the CPU is per message. " +
      "With `broadcastLatest` a slow player gets the newest positions, and no queue of old ones.",
  },
  {
    name: "firehose",
    title: "one connection at full speed",
    connections: 1,
    task: { kind: "firehose", receiveLimitBytes: 268_435_456 },
    contestants: [
      "plain",
      "tuned",
      "tcp",
      "native tcp",
      "threaded",
      "plain records",
      "tuned records",
      "tcp records",
    ],
    figures: ["messages", "cpuPerMessage", "cpu", "frames", "collections", "gcPause", "peak"],
    expected: [
      { figure: "messages", of: "tcp", against: PLAIN, atLeast: 1 },
      { figure: "messages", of: "threaded", against: TCP, atLeast: 1 },
      { figure: "messages", of: "tcp records", against: TCP, atLeast: 3 },
    ],
    note: "Lines of 24 bytes, records of 12. tickwire's receive limit is raised to 256 MiB, which a frame of either fits in, and the threaded one's rings to 16 MiB, a quarter of which one connection may fill; the others have none. `nativeTcp` takes in a frame what the system's buffer of one socket holds.",
  },
  {
    name: "firehose-4000",
    title: "one connection at full speed, the game takes 4,000 lines a tick",
    connections: 1,
    task: { kind: "firehose", takePerTick: 4_000 },
    contestants: ["plain", "tcp"],
    figures: ["messages", "cpuPerMessage", "frameP50", "frameP99", "frameMax", "frames", "gcPause", "peak"],
    expected: [
      { figure: "messages", of: "tcp", against: PLAIN, atLeast: 1 },
      { figure: "peak", of: "tcp", against: PLAIN, atMost: 0.5 },
    ],
    note: "A server without limits is stopped when its memory reaches 1 GiB.",
  },
  {
    name: "churn",
    title: "connect, one line, close: 10,000 times",
    connections: 0,
    task: { kind: "churn", times: 10_000, perSecond: 2_500 },
    contestants: ["plain", "tuned", "ws", "tcp", "native tcp", "threaded", "unix"],
    figures: [
      "cpuPerConnection",
      "received",
      "frameP50",
      "frameP99",
      "frameMax",
      "collections",
      "gcPause",
      "peak",
    ],
    expected: [{ figure: "cpuPerConnection", of: "tcp", against: PLAIN, atMost: 1.2 }],
    note: "Who forgets a client when its socket closes loses what it said last, if the frame had not taken it yet.",
  },
  {
    name: "ping-pong",
    title: "round trip of one line, both sides wait for activity",
    connections: 1,
    task: { kind: "ping-pong" },
    contestants: ["plain", "ws", "tcp", "native tcp", "threaded", "unix", "tls", "websocket"],
    figures: ["roundTripP50", "roundTripP99", "messages", "cpuPerMessage", "syscalls"],
    expected: [],
    note: "Both sides are of the same make, but that the threaded one is asked over `tcp`. tickwire's are a `waitForActivity`, a `poll` and a `flush` each.",
  },
];
