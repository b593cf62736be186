/**
 * What a recording comes to: its frames in numbers, and its connections with their ends.
 * Knows bytes and, where the codec says how messages end, how many messages they are.
 */
import { type Address, formatAddress } from "../port/address.ts";
import type { RecordingHeader } from "../transport/wrap/log-check.ts";
import { CALL, EVENT } from "../transport/wrap/log-entry.ts";
import type { RecordingDamage } from "../transport/wrap/log-file.ts";
import type { ReasonValue } from "../transport/wrap/log-values.ts";
import type { Recording } from "../transport/wrap/recording.ts";
import { type SeenLink, type Step, walk } from "./walk.ts";

/** All of a recording, in numbers. */
export interface Summary {
  readonly header: RecordingHeader;
  readonly damage: RecordingDamage | undefined;
  /** Whether it was ended, and not left by a crash or still being written. */
  readonly isEnded: boolean;
  readonly sizeBytes: number;
  /** From the first frame to the last one, in milliseconds. */
  readonly lengthMs: number;
  readonly frames: readonly FrameSummary[];
  readonly connections: readonly ConnectionSummary[];
  /** What came after the last frame, so that none shows it. */
  readonly unseen: FrameCounts;
  /** The states that the game has kept, by the frames before them. */
  readonly keyframes: readonly number[];
}

/** One frame. */
export interface FrameSummary extends FrameCounts {
  readonly frame: number;
  readonly nowMs: number;
  readonly poller: number;
}

/** What a frame comes to. */
export interface FrameCounts {
  /** What it shows: pieces of streams, and their bytes. */
  reads: number;
  receivedBytes: number;
  /** How many messages these are, where the codec ends each by a line break. */
  receivedMessages: number;
  /** What it sends. */
  writes: number;
  sentBytes: number;
  /** The longest round trip that was measured in it; 0 when none was. */
  rttMs: number;
  joins: number;
  /** How many sessions have lost their lines, and sockets what carries their datagrams. */
  outages: number;
  closes: number;
  /** How many datagrams have not come, as the numbers of others tell, and how many the network has failed. */
  lost: number;
  failed: number;
}

/** One connection. */
export interface ConnectionSummary {
  readonly connection: number;
  readonly isAccepted: boolean;
  readonly codec: string | undefined;
  remote: string;
  /** The frame that shows it open, and the one that shows its end; 0 when there was none. */
  openedIn: number;
  closedIn: number;
  /** How often a session has lost its line. */
  outages: number;
  reason: Omit<ReasonValue, "cause"> | undefined;
  receivedBytes: number;
  sentBytes: number;
}

/** Sums up a recording. */
export function summarize(recording: Recording): Summary {
  const frames: FrameSummary[] = [];
  const connections: ConnectionSummary[] = [];
  /** What a frame shows that has not begun yet. */
  const coming = counts();
  for (const step of walk(recording)) {
    const { entry, frame, shownIn } = step;
    if (entry.kind === CALL.poll) {
      frames.push({ ...coming, frame, nowMs: entry.args[0] as number, poller: entry.target });
      Object.assign(coming, counts());
    }
    const shown = shownIn > frame ? coming : frames[frame - 1];
    if (step.link !== undefined) addTo(connections, step, step.link);
    if (shown !== undefined) count(shown, step);
  }
  const { header, damage, isEnded, sizeBytes } = recording;
  const keyframes = recording.keyframes.map(({ frame }) => frame);
  return {
    ...{ header, damage, isEnded, sizeBytes, lengthMs: lengthOf(frames) },
    ...{ frames, connections, unseen: coming, keyframes },
  };
}

/** The time from the first frame to the last one of the poller that ran for longest: each has its own clock. */
function lengthOf(frames: readonly FrameSummary[]): number {
  const began = new Map<number, number>();
  let lengthMs = 0;
  for (const { poller, nowMs } of frames) {
    const firstMs = began.get(poller) ?? nowMs;
    began.set(poller, firstMs);
    lengthMs = Math.max(lengthMs, nowMs - firstMs);
  }
  return lengthMs;
}

/** Counts an entry for the frame that shows it. */
function count(shown: FrameCounts, { entry, link }: Step): void {
  const { kind, args } = entry;
  if (kind === EVENT.received || kind === EVENT.datagram) {
    const bytes = args[0] as Uint8Array;
    shown.reads++;
    shown.receivedBytes += bytes.length;
    if (hasLines(link)) shown.receivedMessages += lineBreaksIn(bytes);
  } else if (kind === CALL.write || kind === CALL.send) {
    shown.writes++;
    shown.sentBytes += (args[0] as Uint8Array).length;
  } else if (kind === EVENT.rtt) shown.rttMs = Math.max(shown.rttMs, args[0] as number);
  else if (kind === EVENT.opened) shown.joins++;
  else if (kind === EVENT.suspended) shown.outages++;
  else if (kind === EVENT.lost) shown.lost += args[0] as number;
  else if (kind === EVENT.failed) shown.failed++;
  else if (kind === EVENT.closed && link !== undefined) shown.closes++;
}

function addTo(connections: ConnectionSummary[], { entry, shownIn }: Step, link: SeenLink): void {
  if (link.connection === 0) return;
  const { kind, args } = entry;
  const { connection, isAccepted, codec, value } = link;
  const known = connections[connection - 1];
  const summary: ConnectionSummary = known ?? {
    ...{ connection, isAccepted, codec, remote: "", openedIn: 0, closedIn: 0, outages: 0 },
    ...{ reason: undefined, receivedBytes: 0, sentBytes: 0 },
  };
  connections[connection - 1] = summary;
  summary.remote = textOf(value.remote ?? value.attempts?.at(-1)?.address); // one that fails has no peer
  if (kind === EVENT.received) summary.receivedBytes += (args[0] as Uint8Array).length;
  else if (kind === CALL.write) summary.sentBytes += (args[0] as Uint8Array).length;
  else if (kind === EVENT.opened) summary.openedIn = shownIn;
  else if (kind === EVENT.suspended) summary.outages++;
  else if (kind === CALL.end || kind === CALL.abort) summary.reason ??= args[0] as ReasonValue | undefined;
  else if (kind === EVENT.ended && args[0] !== undefined) summary.reason ??= args[0] as ReasonValue;
  else if (kind === EVENT.closed) {
    summary.closedIn = shownIn;
    summary.reason ??= args[0] as ReasonValue;
  }
}

/** An address for people; `?` while there is none. */
export function textOf(address: Address | undefined): string {
  return address === undefined ? "?" : formatAddress(address);
}

/** A reason for people, with the last word of the game where there was one. */
export function reasonText({ kind, message, goodbye }: Omit<ReasonValue, "cause">): string {
  if (goodbye === undefined) return `${kind}: ${message}`;
  const { code, text } = goodbye;
  return `${kind}: ${message}, with the goodbye ${code}${text === undefined ? "" : ` ${JSON.stringify(text)}`}`;
}

function hasLines(link: SeenLink | undefined): boolean {
  return link?.codec !== undefined && /^(telnet )?(lines|json)/.test(link.codec);
}

function lineBreaksIn(bytes: Uint8Array): number {
  let lines = 0;
  for (const byte of bytes) if (byte === NEWLINE) lines++;
  return lines;
}

function counts(): FrameCounts {
  return {
    ...{ reads: 0, receivedBytes: 0, receivedMessages: 0 },
    ...{ writes: 0, sentBytes: 0, rttMs: 0, joins: 0, outages: 0, closes: 0 },
    ...{ lost: 0, failed: 0 },
  };
}

const NEWLINE = 0x0a;
