/**
 * How an evening ends, and what must be so then: the network is whole again, everybody
 * who is still there gets all that was sent, everybody else knows why not, all is closed
 * in time, and the books of all pollers, listeners and connections agree.
 */
import { Fault, must } from "../fuzz/fault.ts";
import { closePoller, disposePoller } from "../fuzz/moves/pollers.ts";
import { COUNTED, mustBeClear, sumOf } from "../fuzz/poller-side.ts";
import type { Evening } from "./evening.ts";
import type { SimulatedEnd } from "./simulated-end.ts";

/** Plays an evening to its end, and gives the verdict. */
export function finish(evening: Evening): void {
  calm(evening);
  if (evening.plan.isPatient) {
    until(evening, "that all messages come", () => lackers(evening).length === 0);
    for (let frame = 0; frame < 3; frame++) round(evening); // what the last flush has made room for is told in the next frame
    for (const end of evening.ends) mustHaveHeardOfRoom(end);
    until(evening, "that all know how it stands", () => restless(evening).length === 0);
  }
  end(evening);
  until(evening, "that all ends", (round) => isOver(evening, round));
  for (const side of evening.sides) if (side.state === "in use") closePoller(side);
  for (let frame = 0; frame < 2; frame++) round(evening); // the last events
  verdict(evening);
}

/** The network is whole, nobody is held, and nothing more goes wrong. */
function calm(evening: Evening): void {
  const { wire, players, serverLines, sides, ends } = evening;
  evening.isCalm = true;
  wire.release();
  for (const line of [...serverLines, ...players.map((player) => player.line)]) {
    line.heal();
    line.set({});
  }
  for (const side of sides) side.armed.length = 0;
  for (const { connection } of ends) connection.release();
}

function end(evening: Evening): void {
  const { ending } = evening.plan;
  const { server, sides, ends } = evening;
  const present = ends.filter((one) => one.isAccepted && one.connection.state !== "closed");
  if (ending === "each closes") for (const one of present) one.close();
  else if (ending === "players close") {
    const players = present.filter(({ side }) => side === "near");
    for (const one of players) one.leavesWell = isAtEase(one, evening);
    for (const one of players) one.close();
  } else if (ending === "each ends") for (const one of present) one.end();
  else {
    server.closeListener();
    const stop = ending === "pollers close" ? closePoller : disposePoller;
    for (const side of sides) if (side.state === "in use") stop(side);
  }
  server.closeListener();
}

/** Whether nothing is in the way of a goodbye: the peer hears of it, and says so. */
function isAtEase(one: SimulatedEnd, { plan }: Evening): boolean {
  const { connection, isCut, isRobbed, isUnheard } = one;
  const peer = one.peer as SimulatedEnd | undefined;
  const isBothOpen = connection.state === "open" && connection.linked && peer?.connection.state === "open";
  const hasTime = (plan.client.closeTimeoutMs ?? MIB) >= LONG_MS && plan.server.frameBudget === undefined;
  return one.hasSession && isBothOpen && hasTime && plan.isPatient && !isCut && !isRobbed && !isUnheard;
}

/** Lets quiet frames pass until it is so, or until nothing has come for too long. */
function until(evening: Evening, what: string, isSo: (round: number) => boolean): void {
  let quietMs = 0;
  let before = progressOf(evening);
  const passMs = Math.max(evening.plan.tickMs, LEAST_ROUND_MS);
  for (let count = 0; ; count++) {
    evening.nowMs += passMs;
    round(evening);
    if (isSo(count)) return;
    const now = progressOf(evening);
    quietMs = now === before ? quietMs + passMs : 0;
    before = now;
    if (quietMs > PATIENCE_MS)
      throw new Fault(`nothing has come for too long, and it was waited ${what}: ${stuck(evening)}`);
  }
}

function round(evening: Evening): void {
  evening.server.accept();
  for (const side of evening.sides) if (side.isPolled) evening.poll(side);
  for (const one of evening.ends) {
    if (one.isAccepted && !one.discards && !one.isEmptied) one.take(Infinity, evening.parties);
    one.isEmptied = one.connection.state === "closed";
  }
  for (const side of evening.sides) if (side.isPolled) side.poller.flush();
}

/** What grows while something still comes. */
function progressOf({ sides }: Evening): number {
  return sides.reduce((sum, { poller }) => sum + poller.stats.receivedMessages + poller.stats.closed, 0);
}

/** Those who are there, and still lack something. */
function lackers({ ends }: Evening): SimulatedEnd[] {
  return ends.filter((one) => {
    const peer = one.peer as SimulatedEnd | undefined;
    if (one.isOver || peer === undefined || one.lacking <= 0) return false;
    const isGone = peer.isOver || !peer.isOpen;
    return !isGone || !peer.mayBreak;
  });
}

function isOver({ ends }: Evening, count: number): boolean {
  const open = ends.filter(({ connection }) => connection.state !== "closed");
  // A half-close has no deadline of its own.
  for (const one of open) if (one.connection.recvEnded || count > ROUNDS_FOR_PEERS) one.close();
  return open.length === 0;
}

function mustHaveHeardOfRoom(one: SimulatedEnd): void {
  const { sendLimitBytes = MIB } = one.limits;
  must(
    !one.isFull || !one.isOpen || one.connection.pendingBytes > sendLimitBytes / 2,
    () => `${one.told} was refused a message, has room again, and was not told so`,
  );
}

/**
 * Those who do not know yet what they must on a network that is whole: that all they sent has
 * left, that nobody is there, or that they were cut off.
 */
function restless({ ends }: Evening): SimulatedEnd[] {
  return ends.filter((one) => {
    const { pendingBytes, recvEnded } = one.connection;
    // Half open: its peer has ended in order, before any cut.
    if (!one.isOpen || one.isOver || recvEnded) return false;
    const peer = one.peer as SimulatedEnd | undefined;
    if (one.isCut || peer === undefined) return true;
    if (one.hasSession && peer.ends && !peer.isOver && !one.isRobbed) return true; // an end comes over any line
    return pendingBytes > 0 && peer.isOpen && !peer.isOver && !peer.discards;
  });
}

function verdict(evening: Evening): void {
  const { sides, server, ends, digest } = evening;
  evening.sessions.verdict();
  for (const side of sides) {
    side.verdict();
    must(!side.poller.hasActivity || side.state === "disposed", () => "a poller has activity after its end");
  }
  for (const one of ends) {
    mustHaveAll(one);
    must(
      !one.leavesWell || one.reason?.kind !== "timeout",
      () => `${one.told} has left on a network that is whole, and waited in vain for ${one.peer?.told}`,
    );
    digest.add("end", one.number, one.reason?.kind, one.reason?.code, JSON.stringify(one.connection.stats));
  }
  const lostSides = sides.filter(({ state }) => state === "disposed");
  for (const listener of server.listeners) {
    mustBeClear(listener.closeReason, "a listener");
    const its = ends.filter(({ connection }) => (connection as { listener?: unknown }).listener === listener);
    const sums = sumOf(its.map(({ connection }) => connection.stats));
    for (const name of COUNTED) {
      const counted = listener.stats[name];
      must(
        sums[name] === counted,
        () => `a listener counts ${counted} ${name}, and its connections ${sums[name]}`,
      );
    }
    const isLost = lostSides.some(({ ends: its }) =>
      [...its.values()].some(
        (one) =>
          ends.includes(one as SimulatedEnd) &&
          (one.connection as { listener?: unknown }).listener === listener,
      ),
    );
    must(
      isLost || listener.connections.size === 0,
      () => `a listener still has ${listener.connections.size} connections`,
    );
    const { acceptLimit = Infinity } = evening.plan.listen;
    must(
      listener.stats.acceptPeak <= acceptLimit,
      () => `${listener.stats.acceptPeak} waited, and the acceptLimit is ${acceptLimit}`,
    );
  }
}

/** Who was told that the peer ended well has all that the peer sent. */
function mustHaveAll(one: SimulatedEnd): void {
  const { peer, reason } = one;
  if (peer === undefined || one.discards || reason?.kind !== "remote") return;
  if (!one.language.keepsMessages && one.connection.stats.lostReceived > 0) return;
  must(one.lacking === 0, () => `${one.told} ended well, and lacks ${one.lacking} messages of ${peer.told}`);
}

function stuck(evening: Evening): string {
  const open = evening.ends.filter(({ connection }) => connection.state !== "closed").map(({ told }) => told);
  const lacking = lackers(evening).map((one) => `${one.told} lacks ${one.lacking} of ${one.peer?.told}`);
  const unsure = restless(evening).map(
    (one) => `${one.told}${one.isCut ? " was cut and" : ""} has ${one.connection.pendingBytes} bytes pending`,
  );
  return [...lacking, ...unsure, ...open].slice(0, 6).join("; ");
}

const MIB = 1_048_576;
/** The default of `closeTimeoutMs`. */
const LONG_MS = 5_000;
const LEAST_ROUND_MS = 50;
/** Longer than any deadline of these evenings. */
const PATIENCE_MS = 200_000;
/** How long everybody may take to end as their peers do, before the game closes them. */
const ROUNDS_FOR_PEERS = 300;
