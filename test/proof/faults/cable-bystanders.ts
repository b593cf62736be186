/**
 * A server with players at the near end of a bad cable, and a peer that connects
 * from the far end: a program, to be run in the near network.
 *
 *     cable-bystanders.ts SCENE FAR_NAMESPACE
 *
 * Prints "listening on ADDRESS:PORT", then "all is well" or what was not.
 */
import assert from "node:assert/strict";
import { lines, Poller, tcp } from "../../../src/index.ts";
import { GameServer, LOOPBACK, type TestedPeer } from "../bystanders.ts";
import { FAR_ADDRESS, NEAR_ADDRESS, setCable } from "./cable.ts";

/** For a peer from which nothing is received any more. */
const IDLE_MS = 1_000;
/** Frames in which nothing comes, when nothing is on its way: longer than the cable's delay. */
const QUIET_FRAMES = 50;
const [scene = "", far = ""] = process.argv.slice(2);
const server = await GameServer.open({
  transport: tcp({ host: "0.0.0.0", port: 0 }),
  reach: (port) => tcp({ host: LOOPBACK, port }),
  ...(scene === "pullForGood" && { listen: { idleTimeoutMs: IDLE_MS } }),
});

/** Words go both ways; all come, in order, however many packets were lost. */
async function talkOverBadCable(): Promise<void> {
  const peer = await meet();
  await talk(peer, 300);
  await sayGoodbye(peer);
}

/** The cable is out for a second: what was said meanwhile comes later. */
async function pullForAWhile(): Promise<void> {
  const peer = await meet();
  let said = await talk(peer, 20);
  setCable(far, "down");
  await silence(peer);
  const receivedBefore = peer.words.length;
  said = await talk(peer, 200, said);
  assert.equal(peer.words.length, receivedBefore, "nothing comes through a cable that is out");
  setCable(far, "up");
  await talk(peer, 20, said);
  await server.until(() => peer.words.length > receivedBefore + 50, "words after the mending");
  await sayGoodbye(peer);
}

/** Nothing comes any more, no reset and no end: the idle deadline tells, though this side talks on. */
async function pullForGood(): Promise<void> {
  const peer = await meet();
  await talk(peer, 20);
  setCable(far, "down");
  const { kind, code, message } = await server.ending(peer);
  assert.deepEqual([kind, code], ["timeout", "idleTimeoutMs"], message);
}

/** Nobody can be reached: the attempt ends at its deadline. */
async function connectInVain(): Promise<void> {
  setCable(far, "down");
  const client = new Poller();
  const connection = client.connect(tcp({ host: FAR_ADDRESS, port: 9 }), lines(), { timeoutMs: 300 });
  await server.until(() => client.poll().closed === 1, "the deadline");
  assert(
    ["timeout", "unreachable"].includes(connection.closeReason?.kind ?? ""),
    connection.closeReason?.message,
  );
  await client[Symbol.asyncDispose]();
}

async function meet(): Promise<TestedPeer> {
  console.log(`listening on ${NEAR_ADDRESS}:${server.port}`);
  const peer = await server.nextPeer();
  await server.until(() => peer.words.length > 10, "the first words");
  return peer;
}

/** Frames in which one word each is said. */
async function talk(peer: TestedPeer, frames: number, said = 0): Promise<number> {
  let next = said;
  for (let frame = 0; frame < frames; frame++) {
    if (peer.connection.trySend(`word ${next}`)) next++;
    await server.frame();
  }
  return next;
}

/** Frames until what was on its way has come. */
async function silence(peer: TestedPeer): Promise<void> {
  let heard = -1;
  let quietFrames = 0;
  await server.until(() => {
    quietFrames = peer.words.length === heard ? quietFrames + 1 : 0;
    heard = peer.words.length;
    return quietFrames === QUIET_FRAMES;
  }, "silence");
}

/** All that it said came once and in order, and its end is told. */
async function sayGoodbye(peer: TestedPeer): Promise<void> {
  peer.connection.end();
  const { kind, message } = await server.ending(peer);
  assert.equal(kind, "local", message);
  assert.deepEqual(
    peer.words,
    peer.words.map((_, at) => `say ${at}`),
  );
}

const SCENES: Readonly<Record<string, () => Promise<void>>> = {
  talkOverBadCable,
  pullForAWhile,
  pullForGood,
  connectInVain,
};
await SCENES[scene]?.();
await server.checkPlayers();
await server.close();
console.log("all is well");
