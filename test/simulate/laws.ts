/**
 * What must hold of one end at each frame, and of its reason when it has one. Knows no
 * evening: what has happened to an end stands on the end.
 */
import { must } from "../fuzz/fault.ts";
import type { SimulatedEnd } from "./simulated-end.ts";

/** Looks at what an end keeps, against its limits. `aliveMs` is since its first frame. */
export function checkMemory(end: SimulatedEnd): void {
  const { connection, limits, peer } = end;
  const { sendLimitBytes = MIB, receiveLimitBytes = MIB, receiveOverflow } = limits;
  const { pendingBytes, stats } = connection;
  must(
    pendingBytes <= sendLimitBytes,
    () => `${end.told} has ${pendingBytes} bytes pending, and its sendLimitBytes is ${sendLimitBytes}`,
  );
  must(
    stats.outboxPeakBytes <= sendLimitBytes,
    () => `${end.told} kept ${stats.outboxPeakBytes} bytes to send, and may keep ${sendLimitBytes}`,
  );
  const sentAtOnce = Math.max((peer as SimulatedEnd | undefined)?.limits.sendLimitBytes ?? MIB, READ_BYTES);
  const oneRead = (end.language.keepsMessages ? WEIGHT : WEIGHT_OF_A_BYTE) * sentAtOnce;
  const mostBytes = (receiveOverflow?.startsWith("drop") === true ? 2 : 1) * receiveLimitBytes + oneRead;
  must(
    stats.inboxPeakBytes <= mostBytes,
    () => `${end.told} kept ${stats.inboxPeakBytes} bytes to receive, and may keep ${mostBytes}`,
  );
}

/**
 * Looks whether there was a cause for the reason that an end tells, by the time when its
 * peer's poller has shown two frames more. Returns whether there is one.
 */
export function checkReason(end: SimulatedEnd, pollsOfPeer: number): boolean {
  const { reason } = end;
  if (reason === undefined || LAWS[reason.kind]?.(end, reason.code) === true) return true;
  end.explainedBy ??= pollsOfPeer + 2;
  must(
    pollsOfPeer < end.explainedBy,
    () => `${end.told}: nothing has happened that is a cause for it; its peer is ${end.peer?.told}`,
  );
  return false;
}

type Law = (end: SimulatedEnd, code: string | undefined) => boolean;

const LAWS: Readonly<Record<string, Law>> = {
  local: ({ ends }) => ends,
  remote: (end) => peerOf(end)?.reason !== undefined || peerOf(end)?.ends === true,
  reset(end, code) {
    const peer = peerOf(end);
    if (code?.startsWith("resume-") === true) return RESUME_LAWS[code]?.(end) === true;
    // The server has taken its first line for dead, before its welcome had come.
    if (end.hasSession && !end.hasOpened && (peer?.suspends ?? 0) > 0) return true;
    // Who gave way to others is told so, or that nobody came in time.
    if (peer?.reason?.code === "maxSuspended") return false;
    // Who has no peer was rejected by a limit of the listener, or before its game saw it.
    return end.isCut || peer === undefined || peer.mayBreak || peer.isLate || !peer.isAccepted;
  },
  // A session is told by a word when the listener has no place for it.
  refused: (end) => end.isRefused || (end.hasSession && peerOf(end)?.isAccepted !== true),
  aborted: ({ isSignalled }) => isSignalled,
  timeout: (end, code) => isPassed(end, code),
  overflow(end, code) {
    const { limits } = end;
    if (code === "sendLimitBytes") return limits.sendOverflow === "close";
    if (code === "receiveLimitBytes" || code === "messageRateHz") return limits.receiveOverflow === "close";
    return isPassed(end, code);
  },
};

/** Why a session may be lost. */
const RESUME_LAWS: Readonly<Record<string, (end: SimulatedEnd) => boolean>> = {
  "resume-expired": (end) => isExpired(end) || isOver(end) || end.isUnheard,
  "resume-unknown": (end) => end.isUnheard,
  "resume-refused": (end) => isUnseen(peerOf(end)) || peerOf(end)?.limits.mayResume !== undefined,
  "resume-overflow": (end) =>
    end.isRobbed || isUnseen(peerOf(end)) || peerOf(end)?.reason?.code === "maxSuspended",
};

/** Whether it was without a line for as long as either end waits. */
function isExpired(end: SimulatedEnd): boolean {
  const windows = [end, peerOf(end)].map((one) => one?.limits.resumeWindowMs ?? 30_000);
  // Once it closes it is not shown any more that it has no line.
  const mostDownMs = end.ends ? end.line.aliveMs : end.line.downMs + end.line.stepMs;
  return mostDownMs >= Math.min(...windows);
}

function isOver(end: SimulatedEnd): boolean {
  return peerOf(end)?.reason !== undefined || isUnseen(peerOf(end));
}

/** Whether the game of the server has not seen it, to which it is still as it came. */
function isUnseen(peer: SimulatedEnd | undefined): boolean {
  return peer?.isAccepted !== true;
}

/** Whether an end has been there for as long as a deadline is. */
function isPassed({ limits, aliveMs, line }: SimulatedEnd, code: string | undefined): boolean {
  if (code === "dialTimeoutMs") return line.aliveMs >= limitOf(limits, code);
  return code !== undefined && aliveMs >= limitOf(limits, code);
}

function peerOf(end: SimulatedEnd): SimulatedEnd | undefined {
  return end.peer as SimulatedEnd | undefined;
}

function limitOf(limits: object, code: string): number {
  const given: unknown = Reflect.get(limits, code);
  return typeof given === "number" ? given : (DEADLINES[code] ?? Infinity);
}

const DEADLINES: Readonly<Record<string, number>> = {
  timeoutMs: 5_000,
  dialTimeoutMs: 5_000,
  closeTimeoutMs: 5_000,
  partialMessageTimeoutMs: 10_000,
  unsentTimeoutMs: 60_000,
  pauseTimeoutMs: 60_000,
  untakenTimeoutMs: 60_000,
};

const MIB = 1_048_576;
/** The most that a transport gives at once, unless its peer has given more at once. */
const READ_BYTES = 65_536;
/** The shortest messages of these games have nine bytes, and each counts 64 more. */
const WEIGHT = 16;
/** Of a stream that is cut into single bytes: each is an array, and a message. */
const WEIGHT_OF_A_BYTE = 200;
