/**
 * What must hold at each frame of the line of an end: that what a game sees of an outage and
 * what it is told agree, that it counts polled time and ends with the window, that a clock
 * keeps within its error, and that a session keeps no more than it may.
 */
import { must } from "../fuzz/fault.ts";
import { keptBytesOf } from "./session-network.ts";
import type { SimulatedEnd } from "./simulated-end.ts";

/** When it is looked at. */
export interface LineTime {
  /** The time that the sessions of its side count. */
  readonly nowMs: number;
  /** What the last frame has added to it. */
  readonly stepMs: number;
  /** Whether nothing is wrong with any network, and a server listens. */
  readonly isCalm: boolean;
  /** What the clock of the server shows. */
  readonly serverNowMs: number;
}

/** Looks at an end after a frame. */
export function checkLine(end: SimulatedEnd, time: LineTime): void {
  const { connection, hasSession, link } = end;
  if (!hasSession) {
    must(connection.linked && connection.downMs === 0, () => `${end.told} has no session, and no line`);
    must(end.lineEvent === undefined, () => `${end.told} has no session, and was told of an outage`);
    return;
  }
  end.line.aliveMs += time.stepMs;
  end.line.stepMs = time.stepMs;
  checkEvents(end);
  checkDown(end, time);
  checkReturn(end, time);
  checkClock(end, time);
  if (link === undefined || connection.state === "closed") return;
  const { resendBytes = MIB, sendLimitBytes = MIB } = end.limits;
  const keptBytes = keptBytesOf(link);
  must(
    keptBytes <= resendBytes + sendLimitBytes,
    () =>
      `${end.told} keeps ${keptBytes} bytes for its peer, and may keep ${resendBytes} and ${sendLimitBytes}`,
  );
}

/** What a game is told and what it sees agree, once it has accepted the connection and polled. */
function checkEvents(end: SimulatedEnd): void {
  const { connection, line, lineEvent } = end;
  const isKnown = line.isAccepted;
  line.isAccepted = end.isAccepted;
  if (!isKnown || connection.state !== "open") return;
  const isToldDown = lineEvent === "suspend";
  must(
    connection.linked !== isToldDown,
    () => `${end.told} is ${connection.linked ? "" : "not "}linked, and was told last of a ${lineEvent}`,
  );
}

function checkDown(end: SimulatedEnd, { nowMs, stepMs }: LineTime): void {
  const { connection, line, suspends } = end;
  const { linked, downMs, state } = connection;
  must(!linked || downMs === 0, () => `${end.told} is linked, and down for ${downMs} ms`);
  line.downMs = downMs;
  if (state !== "open" || !end.isAccepted) return;
  if (linked || suspends !== line.shown) line.sinceMs = linked ? undefined : nowMs;
  else line.sinceMs ??= nowMs;
  line.shown = suspends;
  if (line.sinceMs === undefined) return;
  const leastMs = nowMs - line.sinceMs;
  must(
    downMs >= leastMs - ROUND_MS,
    () => `${end.told} is down for ${downMs} ms, and has been seen so for ${leastMs}`,
  );
  const { resumeWindowMs = 30_000 } = end.limits;
  must(
    downMs <= resumeWindowMs + stepMs + ROUND_MS,
    () => `${end.told} is down for ${downMs} ms, and its resumeWindowMs is ${resumeWindowMs}`,
  );
}

/** Who has lost its line has another one soon, or knows why not, once there is a way. */
function checkReturn(end: SimulatedEnd, { isCalm, stepMs }: LineTime): void {
  const { connection, line, limits } = end;
  const isWaiting = isCalm && end.side === "near" && connection.state === "open" && !connection.linked;
  line.waitedMs = isWaiting && !end.isRobbed && !end.isUnheard ? line.waitedMs + stepMs : 0;
  const { dialTimeoutMs = 5_000 } = limits;
  must(
    line.waitedMs <= REDIAL_MS + 2 * dialTimeoutMs,
    () => `${end.told} has no line for ${line.waitedMs} ms on a network that is whole`,
  );
}

function checkClock(end: SimulatedEnd, { serverNowMs }: LineTime): void {
  const { line, connection, side } = end;
  const { clock } = connection;
  must(clock === undefined || side === "near", () => `${end.told} is at the server, and has a clock of it`);
  if (clock === undefined || connection.state !== "open") return;
  line.mostErrorMs = Math.max(line.mostErrorMs, clock.errorMs);
  const wrongMs = Math.abs(clock.serverNowMs - serverNowMs);
  must(
    wrongMs <= line.mostErrorMs + ROUND_MS,
    () =>
      `${end.told} has a clock that is wrong by ${wrongMs} ms, and its error was ${line.mostErrorMs} at most`,
  );
}

const MIB = 1_048_576;
/** The longest delays between tries, of which a double of its line may take some. */
const REDIAL_MS = 12_000;
/** Of numbers with fractions. */
const ROUND_MS = 0.001;
