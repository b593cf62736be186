/** What a run's reports say, as figures with a name and a unit. */
import type { Result } from "../measure/reports.ts";

/** One figure. */
export interface Figure {
  readonly title: string;
  readonly unit: string;
  /** Digits after the point, below 100. */
  readonly digits: number;
  /** Whether its ratio to the plain server's says something. */
  readonly isCompared?: true;
  /** `undefined` where this contestant or this machine cannot say. */
  of(result: Result): number | undefined;
}

export type FigureName =
  | "cpu"
  | "cpuPerMessage"
  | "systemPerMessage"
  | "gamePerMessage"
  | "frameP50"
  | "frameP99"
  | "frameMax"
  | "hotFrame"
  | "allocated"
  | "frames"
  | "loopDelayP99"
  | "messages"
  | "syscalls"
  | "collections"
  | "gcPause"
  | "memory"
  | "peak"
  | "cpuPerConnection"
  | "received"
  | "roundTripP50"
  | "roundTripP99"
  | "loadCpu"
  | "loadLate";

const MIB = 2 ** 20;

/** Every figure there is. */
export const FIGURES: Readonly<Record<FigureName, Figure>> = {
  cpu: { title: "server CPU", isCompared: true, unit: "%", digits: 1, of: ({ server }) => percent(server) },
  cpuPerMessage: {
    title: "CPU per message",
    isCompared: true,
    unit: "µs",
    digits: 2,
    of: (result) => (result.server.cpuMs * 1e3) / messagesOf(result),
  },
  systemPerMessage: {
    title: "of it in the system",
    isCompared: true,
    unit: "µs",
    digits: 2,
    of: (result) => (result.server.systemMs * 1e3) / messagesOf(result),
  },
  gamePerMessage: {
    title: "the game's thread, per message",
    isCompared: true,
    unit: "µs",
    digits: 2,
    of: (result) => {
      const { mainThreadMs } = result.server;
      return mainThreadMs === undefined ? undefined : (mainThreadMs * 1e3) / messagesOf(result);
    },
  },
  frameP50: {
    title: "frame p50",
    isCompared: true,
    unit: "µs",
    digits: 1,
    of: ({ server }) => server.frameP50Us,
  },
  frameP99: {
    title: "frame p99",
    isCompared: true,
    unit: "µs",
    digits: 1,
    of: ({ server }) => server.frameP99Us,
  },
  frameMax: { title: "frame max", unit: "µs", digits: 1, of: ({ server }) => server.frameMaxUs },
  hotFrame: {
    title: "hot frame",
    isCompared: true,
    unit: "µs",
    digits: 3,
    of: ({ server }) => server.hotFrameUs,
  },
  allocated: {
    title: "allocated per frame",
    unit: "B",
    digits: 1,
    of: ({ server }) => server.allocatedBytesPerFrame,
  },
  frames: { title: "frames/s", unit: "", digits: 1, of: ({ server }) => perSecond(server, server.frames) },
  loopDelayP99: {
    title: "event-loop delay p99",
    unit: "ms",
    digits: 1,
    of: ({ server }) => server.loopDelayP99Ms,
  },
  messages: {
    title: "messages/s",
    isCompared: true,
    unit: "",
    digits: 0,
    of: (result) => perSecond(result.server, messagesOf(result)),
  },
  syscalls: {
    title: "system calls per frame",
    isCompared: true,
    unit: "",
    digits: 1,
    of: (result) => result.syscallsPerFrame,
  },
  collections: {
    title: "collections/s",
    unit: "",
    digits: 1,
    of: ({ server }) =>
      server.collections === undefined ? undefined : perSecond(server, server.collections),
  },
  gcPause: {
    title: "pause for them",
    unit: "ms/s",
    digits: 1,
    of: ({ server }) => (server.gcPauseMs === undefined ? undefined : perSecond(server, server.gcPauseMs)),
  },
  memory: {
    title: "heap and buffers per connection",
    unit: "KiB",
    digits: 2,
    of: ({ server }) =>
      server.grownBytes === undefined ? undefined : server.grownBytes / server.connections / 1_024,
  },
  peak: {
    title: "peak memory",
    isCompared: true,
    unit: "MiB",
    digits: 0,
    of: ({ server }) => server.peakBytes / MIB,
  },
  cpuPerConnection: {
    title: "CPU per connection",
    isCompared: true,
    unit: "µs",
    digits: 1,
    of: ({ server, load }) => (server.cpuMs * 1e3) / load.sent,
  },
  received: {
    title: "last words received",
    unit: "%",
    digits: 1,
    of: ({ server, load }) => (100 * server.taken) / load.sent,
  },
  roundTripP50: {
    title: "round trip p50",
    isCompared: true,
    unit: "µs",
    digits: 1,
    of: ({ load }) => load.roundTripP50Us,
  },
  roundTripP99: {
    title: "round trip p99",
    isCompared: true,
    unit: "µs",
    digits: 1,
    of: ({ load }) => load.roundTripP99Us,
  },
  loadCpu: { title: "load's CPU", unit: "%", digits: 0, of: ({ load }) => percent(load) },
  loadLate: { title: "load late p99", unit: "ms", digits: 1, of: ({ load }) => load.loopDelayP99Ms },
};

/** A figure as text, with its unit. */
export function formatFigure({ unit, digits }: Figure, value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  const shown = Math.abs(value) >= 100 ? 0 : digits;
  const text = value.toLocaleString("en", { minimumFractionDigits: shown, maximumFractionDigits: shown });
  return `${text} ${unit}`.trim();
}

/** The share of a core. */
export function percent({
  cpuMs,
  elapsedMs,
}: {
  readonly cpuMs: number;
  readonly elapsedMs: number;
}): number {
  return (100 * cpuMs) / elapsedMs;
}

export function perSecond({ elapsedMs }: { readonly elapsedMs: number }, count: number): number {
  return (count * 1_000) / elapsedMs;
}

/** What the server took and sent; where it has no game that counts, what the load sent. */
function messagesOf({ server, load }: Result): number {
  return server.taken + server.sent || load.sent;
}
