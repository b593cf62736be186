/**
 * The metrics of a poller as Prometheus scrapes them, in its text format 0.0.4: what the
 * statistics count already, and the times of frames. Nothing is measured for a poller
 * without metrics, and nothing is listened on: the game answers the request.
 *
 *     poller.stats, listeners, sockets, frame times ──▶ text() ──▶ the game's own HTTP server
 */
import { kindOf } from "./check.ts";
import { DatagramSocket } from "./core/datagram/datagram-socket.ts";
import { Listener } from "./core/listen/listener.ts";
import type { Poller } from "./core/poller.ts";
import { formatAddress } from "./port/address.ts";

/** The metrics of one poller. */
export interface Metrics {
  /** The `content-type` of the text. */
  readonly contentType: string;
  /** The metrics as of now. Needs no `this`. */
  readonly text: () => string;
}

/**
 * Measures the frames of `poller` from the first call on, and gives its metrics as Prometheus
 * reads them; each call gives the same ones. Their names begin with `tickwire_`; counters end
 * in `_total`, times are seconds. A listener, or a socket, is labelled by its address, with a
 * number behind it where others have the same one, and is not among them before it has one.
 *
 * @throws TypeError when `poller` is no poller
 */
export function metrics(poller: Poller): Metrics {
  if (typeof (poller as Partial<Poller> | null)?.measureFrames !== "function") {
    throw new TypeError(`poller: expected a Poller, got ${kindOf(poller)}`);
  }
  const known = metricsOf.get(poller); // a second observer, of each request, would fill the memory
  if (known !== undefined) return known;
  const frames = new FrameTimes();
  const names = new SourceNames();
  poller.measureFrames(frames);
  const made = {
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    text: () => textOf(poller, frames, names),
  };
  metricsOf.set(poller, made);
  return made;
}

const metricsOf = new WeakMap<Poller, Metrics>();

/** The names of listeners and sockets, each its own: no two series may have the same labels. */
class SourceNames {
  readonly #names = new WeakMap<object, string>();

  /** Names those of `sources` that have an address, and returns them in their order. */
  nameAll<Source extends Addressed>(sources: readonly Source[]): (readonly [source: Source, name: string])[] {
    const taken = new Set(sources.map((source) => this.#names.get(source)));
    return sources.flatMap((source) => {
      const { address } = source;
      if (address === undefined) return [];
      const plain = formatAddress(address);
      let name = this.#names.get(source) ?? plain;
      if (!this.#names.has(source)) {
        for (let number = 2; taken.has(name); number++) name = `${plain} (${number})`;
        this.#names.set(source, name);
        taken.add(name);
      }
      return [[source, name]];
    });
  }
}

/** What has an address while it listens or is bound. */
type Addressed = Pick<Listener<unknown, never, unknown>, "address">;

/** A histogram of the time from a poll to the end of the last flush before the next. */
class FrameTimes {
  readonly #counts: number[] = BOUNDS_SECONDS.map(() => 0);
  #count = 0;
  #sumSeconds = 0;

  add(tookMs: number): void {
    const seconds = tookMs / 1_000;
    this.#count++;
    this.#sumSeconds += seconds;
    const index = BOUNDS_SECONDS.findIndex((bound) => seconds <= bound);
    if (index >= 0) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  /** The lines of the histogram, whose buckets hold all that is no longer. */
  lines(name: string): string[] {
    let below = 0;
    const buckets = BOUNDS_SECONDS.map((bound, index) => {
      below += this.#counts[index] ?? 0;
      return `${name}_bucket{le="${bound}"} ${below}`;
    });
    const all = `${name}_bucket{le="+Inf"} ${this.#count}`;
    return [...buckets, all, `${name}_sum ${this.#sumSeconds}`, `${name}_count ${this.#count}`];
  }
}

function textOf(poller: Poller, frames: FrameTimes, names: SourceNames): string {
  const { stats } = poller;
  const listeners = names.nameAll(poller.sources.filter((source) => source instanceof Listener));
  const sockets = names.nameAll(poller.sources.filter((source) => source instanceof DatagramSocket));
  const text: string[] = [];
  const family = (name: string, type: string, help: string, samples: readonly string[]): void => {
    text.push(`# HELP tickwire_${name} ${help}`, `# TYPE tickwire_${name} ${type}`, ...samples);
  };
  const counted = (prefix: string, rows: readonly Counted[], members: readonly Labelled[]): void => {
    for (const [field, name, help] of rows) {
      const samples = members.map(({ labels, counts }) => sample(`${prefix}${name}`, labels, counts[field]));
      if (samples.length > 0) family(`${prefix}${name}`, "counter", help, samples);
    }
  };
  counted("", POLLER_ROWS, [{ labels: {}, counts: stats as unknown as Counts }]);
  const { connections } = poller;
  let pendingBytes = 0;
  let suspended = 0;
  for (const connection of connections) {
    pendingBytes += connection.pendingBytes;
    if (!connection.linked) suspended++;
  }
  family("connections", "gauge", "Connections that are not closed.", [
    sample("connections", {}, connections.length),
  ]);
  family("suspended_connections", "gauge", "Those of them whose session has no line to the peer now.", [
    sample("suspended_connections", {}, suspended),
  ]);
  family("pending_bytes", "gauge", "Bytes that were sent and have not left this process.", [
    sample("pending_bytes", {}, pendingBytes),
  ]);
  const labelled = listeners.map(([one, listener]) => ({ labels: { listener }, counts: countsOf(one) }));
  counted("listener_", LISTENER_ROWS, labelled);
  const drops = listeners.flatMap(([one, listener]) =>
    Object.entries(one.stats.droppedBy).map(([reason, count]) =>
      sample("listener_dropped_total", { listener, reason }, count),
    ),
  );
  if (drops.length > 0) family("listener_dropped_total", "counter", "Rejected connections.", drops);
  if (listeners.length > 0) {
    family(
      "listener_connections",
      "gauge",
      "Accepted connections that are not closed.",
      listeners.map(([one, listener]) => sample("listener_connections", { listener }, one.connections.size)),
    );
  }
  const bound = sockets.map(([one, socket]) => ({ labels: { socket }, counts: countsOf(one) }));
  counted("datagram_", DATAGRAM_ROWS, bound);
  const linked = sockets.map(([{ linked }, socket]) => sample("datagram_linked", { socket }, linked ? 1 : 0));
  if (linked.length > 0) family("datagram_linked", "gauge", "0 while a socket's broker is away.", linked);
  family("frame_seconds", "histogram", "Time from a poll to the end of its flush.", frames.lines(FRAME));
  return `${text.join("\n")}\n`;
}

/** One line: a name, its labels in braces, and a value. */
function sample(name: string, labels: Labels, value: number | undefined): string {
  const inside = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `tickwire_${name}${inside.length > 0 ? `{${inside.join(",")}}` : ""} ${value ?? 0}`;
}

/** The text of a label, whose backslashes, quotes and line breaks would end it. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function countsOf({ stats }: { readonly stats: object }): Counts {
  return stats as Counts;
}

type Labels = Readonly<Record<string, string>>;
type Counts = Readonly<Record<string, number>>;
interface Labelled {
  readonly labels: Labels;
  readonly counts: Counts;
}
/** A statistic, the name of its metric, and its help. */
type Counted = readonly [field: string, name: string, help: string];

const TRAFFIC_ROWS: readonly Counted[] = [
  ["receivedMessages", "received_messages_total", "Messages that became visible."],
  ["receivedBytes", "received_bytes_total", "Their bytes on the wire."],
  ["sentMessages", "sent_messages_total", "Messages that were queued to be sent."],
  ["sentBytes", "sent_bytes_total", "Their bytes on the wire."],
  ["refusedMessages", "refused_messages_total", "Messages that had no room."],
];
const STREAM_ROWS: readonly Counted[] = [
  ...TRAFFIC_ROWS,
  ["lostReceived", "lost_received_messages_total", "Messages that came and were dropped."],
  ["lostSent", "lost_sent_messages_total", "Messages that were queued and dropped."],
  ["accepted", "accepted_total", "Incoming connections that passed all limits."],
];
const POLLER_ROWS: readonly Counted[] = [
  ...STREAM_ROWS,
  ["polls", "polls_total", "Frames."],
  ["dropped", "dropped_total", "Incoming connections that were rejected."],
  ["opened", "opened_total", "Connections of this side that opened."],
  ["closed", "closed_total", "Connections that closed."],
];
const LISTENER_ROWS = STREAM_ROWS;
const DATAGRAM_ROWS: readonly Counted[] = [
  ...TRAFFIC_ROWS,
  ["dropped", "dropped_total", "Datagrams that nobody took in time."],
  ["malformed", "malformed_total", "Datagrams that could not be decoded."],
  ["failed", "failed_total", "Datagrams that the network has reported as undelivered."],
  ["lost", "lost_total", "Datagrams that were sent and have not come, as numbers tell."],
];
const FRAME = "tickwire_frame_seconds";
/** From half a millisecond to a second, with the periods of 60, 30 and 20 Hz among them. */
const BOUNDS_SECONDS = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.0166, 0.0333, 0.05, 0.1, 0.25, 1];
