/**
 * How a game ends, and what must be so then: everybody who was patient has all,
 * everybody else knows why not, and nothing is left.
 */
import { getEventListeners } from "node:events";
import { type ListenerStats, Poller } from "../../src/index.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";
import type { ConnectionEnd } from "./connection-end.ts";
import { Fault, must } from "./fault.ts";
import type { Game } from "./game.ts";
import { mustReadGoodbye } from "./goodbyes.ts";
import { closeListener } from "./moves/listeners.ts";
import { closePoller, disposeAwaited, disposePoller } from "./moves/pollers.ts";
import type { Party } from "./party.ts";
import { COUNTED, mustBeClear, type PollerSide, sumOf } from "./poller-side.ts";
import { RawEnd } from "./raw-end.ts";
import type { Ending } from "./rules.ts";

/** Plays a game to its end, and gives the verdict. */
export async function finish(game: Game, random: SeededRandom): Promise<void> {
  for (const side of game.sides) side.armed.length = 0;
  for (const { place } of game.spots) place.wire?.release();
  for (const end of game.ends) end.connection.release();
  for (const raw of game.raws) raw.stream.resume();
  for (const hostile of game.hostiles) hostile.leave();
  for (const { number } of game.pages?.present ?? []) await game.pages?.run({ what: "release", end: number });
  if (game.rules.isPatient) {
    await until(game, "that all messages come", () => lackers(game).length === 0);
  }
  ENDINGS[game.rules.ending](game, random);
  for (const { number } of game.pages?.present ?? []) {
    await game.pages?.run({ what: random.pick(["end", "close", "close", "abort"]), end: number });
  }
  await until(game, "that all ends", (round) => isEmpty(game, round));
  await Promise.all(game.pending);
  for (let frame = 0; frame < 2; frame++) for (const side of game.sides) side.poll(1); // the last events
  for (const raw of game.raws) raw.takeAll(game.parties);
  verdict(game);
  await game.pages?.stop();
  for (const { place } of game.spots) await place.free?.();
}

const ENDINGS: Readonly<Record<Ending, (game: Game, random: SeededRandom) => void>> = {
  "close each": (game) => endAll(game, (end) => end.close()),
  "end each": (game) => endAll(game, (end) => end.end()),
  "near ends first": (game, random) => {
    for (const end of game.playable) if (end.side === "near") random.next() < 0.5 ? end.end() : end.close();
    for (const raw of game.raws) raw.end();
    game.rules.isPatient || endAll(game, (end) => end.close());
  },
  "close pollers": (game) => stopAll(game, closePoller),
  "dispose awaited": (game) => stopAll(game, (side) => disposeAwaited(game, side)),
  "dispose at once": (game) => stopAll(game, disposePoller),
};

function endAll(game: Game, act: (end: ConnectionEnd) => void): void {
  for (const end of game.playable) act(end);
  for (const raw of game.raws) raw.end();
}

function stopAll(game: Game, stop: (side: PollerSide) => void): void {
  for (const side of game.sides) {
    if (side.state !== "in use") continue;
    if (side === game.server) for (const spot of game.openSpots) closeListener(game, spot);
    stop(side);
  }
  for (const raw of game.raws) raw.end();
}

/** Plays quiet frames until it is so, or for too long in which no message comes: a slow rate is no fault. */
async function until(game: Game, what: string, isSo: (round: number) => boolean): Promise<void> {
  let beganMs = performance.now();
  let reached = received(game);
  const isMemory = game.carrier.name === "memory";
  let lastMs = beganMs;
  for (let round = 0; ; round++) {
    const nowMs = performance.now();
    const passMs = isMemory ? 5 : nowMs - lastMs;
    lastMs = nowMs;
    for (const spot of game.spots) while (game.accept(spot) !== undefined);
    for (const side of game.sides) side.poll(passMs);
    for (const end of game.ends) if (end.isAccepted && !end.discards) end.take(Infinity, game.parties);
    for (const raw of game.raws) {
      raw.write(Infinity);
      raw.takeAll(game.parties);
    }
    for (const side of game.sides) if (side.isPolled) side.poller.flush();
    await game.pages?.run({ what: "all", much: passMs });
    if (isSo(round)) return;
    const reachedNow = received(game);
    if (reachedNow > reached) beganMs = nowMs;
    reached = reachedNow;
    const isLate = nowMs - beganMs > PATIENCE_MS;
    if (isLate) helpOut(game, round);
    const isStill = round > MOST_ROUNDS && isMemory && !game.sides.some(({ state }) => state === "disposing");
    if (nowMs - beganMs > 2 * PATIENCE_MS || isStill)
      throw new Fault(`waited for too long ${what}: ${stuck(game)}`);
    await new Promise((resolve) => (round % 20 === 19 ? setTimeout(resolve, 1) : setImmediate(resolve)));
  }
}

/** What has no deadline of its own, such as a half-close, is closed after a while. */
function helpOut(game: Game, round: number): void {
  if (round % 100 !== 0) return;
  for (const raw of game.raws) if (!raw.isOver) raw.kill();
}

/** How many messages all have been shown; pieces of a stream are many of them. */
function received({ sides, raws }: Game): number {
  const own = sides.reduce((sum, { poller }) => sum + poller.stats.receivedMessages, 0);
  return raws.reduce((sum, { taken }) => sum + taken, own);
}

/** Those who are there, and still lack something. */
function lackers(game: Game): Party[] {
  return partiesOf(game).filter((party) => {
    const { peer } = party;
    if (party.isHostile || party.isOver || peer === undefined || party.lacking <= 0) return false;
    const isGone = peer.isOver || !peer.isOpen;
    return !isGone || !mayBreak(game, peer);
  });
}

/** Whether this side ended in a way after which its peer may lack something. */
function mayBreak(game: Game, party: Party): boolean {
  if (game.wasCut || party.aborted) return true;
  const kind = party.reason?.kind;
  return kind !== undefined && kind !== "local" && kind !== "remote";
}

function isEmpty(game: Game, round: number): boolean {
  const sides = game.sides.filter(({ state }) => state !== "disposed");
  const open = game.ends.filter((end) => end.connection.state !== "closed" && end.isAccepted);
  for (const end of open) if (end.connection.recvEnded || round > ROUNDS_FOR_PEERS) end.close(); // a half-close has no deadline
  const isForeignOpen = game.raws.some(({ stream }) => !stream.closed);
  if (open.length > 0 || isForeignOpen || game.hostiles.some(({ isOver }) => !isOver)) return false;
  if ((game.pages?.present.length ?? 0) > 0) return false;
  for (const side of sides) if (side.state === "in use") closePoller(side);
  for (const end of game.ends) if (end.connection.state !== "closed") return false;
  return sides.every(({ state }) => state === "closed");
}

function stuck(game: Game): string {
  const open = game.ends.filter(({ connection }) => connection.state !== "closed").map(({ told }) => told);
  const raws = game.raws.filter(({ stream }) => !stream.closed).map(({ told }) => told);
  const lacking = lackers(game).map((party) => `${party.told} lacks ${party.lacking} of ${party.peer?.told}`);
  const pages = (game.pages?.present ?? []).map(({ told }) => told);
  const states = game.sides.map(({ state }) => state);
  const hostiles = game.hostiles.filter(({ isOver }) => !isOver).map(({ told }) => told);
  return [...open, ...raws, ...pages, ...lacking, ...hostiles, ...states].join("; ");
}

function verdict(game: Game): void {
  for (const side of game.sides) side.verdict();
  for (const party of partiesOf(game)) {
    mustHaveAll(game, party);
    mustReadGoodbye(game.carrier.name, party);
  }
  for (const { listener } of game.spots) {
    const left = game.server.state === "disposed" ? 0 : listener.connections.size;
    must(
      listener.state === "closed" && left === 0,
      () => `a listener is ${listener.state}, with ${listener.connections.size} connections`,
    );
    mustBeClear(listener.closeReason, "a listener");
    const its = game.ends.filter(
      ({ connection }) => (connection as { listener?: unknown }).listener === listener,
    );
    const sums = sumOf(its.map(({ connection }) => connection.stats));
    const stats: ListenerStats = listener.stats;
    for (const name of COUNTED) {
      must(
        sums[name] === stats[name],
        () => `a listener counts ${stats[name]} ${name}, and its connections ${sums[name]}`,
      );
    }
  }
  const { accepted, closed } = game.server.poller.stats;
  const isWhole = game.server.state !== "disposed";
  must(!isWhole || accepted === closed, () => `${accepted} connections were accepted, and ${closed} closed`);
  for (const side of game.sides) {
    if (side.state === "disposed") continue;
    must(!side.poller.hasActivity, () => "a poller has activity after its end");
    must(
      !(side.poller instanceof Poller) || side.poller.ready.length === 0,
      () => "a poller has ready connections after its end",
    );
  }
  for (const { signal } of game.signals) {
    const count = getEventListeners(signal, "abort").length;
    must(count === 0, () => `${count} listeners are left on an AbortSignal`);
  }
}

/** Who was told that the peer ended well has all that the peer sent. */
function mustHaveAll(game: Game, party: Party): void {
  const { peer } = party;
  if (peer === undefined || party.isHostile || party.discards || game.wasCut) return;
  const { reason } = party;
  const isHidden = mayBreak(game, peer) && !game.carrier.canReset;
  const isWell = party instanceof RawEnd ? party.endedCleanly && isLocal(peer) : reason?.kind === "remote";
  if (isWell && !isHidden) {
    must(
      party.lacking === 0,
      () => `${party.told} ended well, and lacks ${party.lacking} messages of ${peer.told}`,
    );
  }
  must(
    reason?.kind !== "protocol" || reason.code !== undefined || mayBreak(game, peer),
    () => `${party.told}, of what ${peer.told} sent`,
  );
  const isBroken = reason?.kind === "reset" || reason?.kind === "failed";
  must(!isBroken || mayBreak(game, peer), () => `${party.told}, and ${peer.told}`);
}

/** Whether it closed, and says that all it sent has left. */
function isLocal(party: Party): boolean {
  return !party.aborted && party.reason?.kind === "local";
}

function partiesOf({ ends, raws, pages }: Game): Party[] {
  return [...ends, ...raws, ...(pages?.ends.values() ?? [])];
}

/** For what never comes. */
const PATIENCE_MS = 10_000;
/** How long everybody may take to end as their peers do, before the game closes them. */
const ROUNDS_FOR_PEERS = 1_000;
/** In memory, where nothing hangs on the machine's time. */
const MOST_ROUNDS = 20_000;
