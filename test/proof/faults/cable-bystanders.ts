/**
 * A house at the near end of a bad cable, with a stranger who calls from the
 * far end: a program, to be run in the near network.
 *
 *     cable-bystanders.ts SCENE FAR_NAMESPACE
 *
 * Prints "listening on ADDRESS:PORT", then "all is well" or what was not.
 */
import assert from "node:assert/strict";
import { lines, Poller, tcp } from "../../../src/index.ts";
import { House, LOOPBACK, type Stranger } from "../bystanders.ts";
import { FAR_ADDRESS, NEAR_ADDRESS, setCable } from "./cable.ts";

/** For a peer of which nothing is heard any more. */
const IDLE_MS = 1_000;
const [scene = "", far = ""] = process.argv.slice(2);
const house = await House.open({
  transport: tcp({ host: "0.0.0.0", port: 0 }),
  reach: (port) => tcp({ host: LOOPBACK, port }),
  ...(scene === "pullForGood" && { listen: { idleTimeoutMs: IDLE_MS } }),
});

/** Words go both ways; all come, in order, however many packets were lost. */
async function talkOverBadCable(): Promise<void> {
  const stranger = await meet();
  await talk(stranger, 300);
  await sayGoodbye(stranger);
}

/** The cable is out for a second: what was said meanwhile comes later. */
async function pullForAWhile(): Promise<void> {
  const stranger = await meet();
  let said = await talk(stranger, 20);
  setCable(far, "down");
  const heardBefore = stranger.words.length;
  said = await talk(stranger, 200, said);
  assert(stranger.words.length - heardBefore < 50, "nothing comes through a cable that is out");
  setCable(far, "up");
  await talk(stranger, 20, said);
  await house.until(() => stranger.words.length > heardBefore + 50, "words after the mending");
  await sayGoodbye(stranger);
}

/** Nothing comes any more, no reset and no end: the idle deadline tells, though this side talks on. */
async function pullForGood(): Promise<void> {
  const stranger = await meet();
  await talk(stranger, 20);
  setCable(far, "down");
  const { kind, code, message } = await house.ending(stranger);
  assert.deepEqual([kind, code], ["timeout", "idleTimeoutMs"], message);
}

/** Nobody can be reached: the attempt ends at its deadline. */
async function callInVain(): Promise<void> {
  setCable(far, "down");
  const caller = new Poller();
  const call = caller.connect(tcp({ host: FAR_ADDRESS, port: 9 }), lines(), { timeoutMs: 300 });
  await house.until(() => caller.poll().closed === 1, "the deadline");
  assert(["timeout", "unreachable"].includes(call.closeReason?.kind ?? ""), call.closeReason?.message);
  await caller[Symbol.asyncDispose]();
}

async function meet(): Promise<Stranger> {
  console.log(`listening on ${NEAR_ADDRESS}:${house.port}`);
  const stranger = await house.stranger();
  await house.until(() => stranger.words.length > 10, "the first words");
  return stranger;
}

/** Frames in which one word each is said. */
async function talk(stranger: Stranger, frames: number, said = 0): Promise<number> {
  let next = said;
  for (let frame = 0; frame < frames; frame++) {
    if (stranger.guest.trySend(`word ${next}`)) next++;
    await house.frame();
  }
  return next;
}

/** All that it said came once and in order, and its end is told. */
async function sayGoodbye(stranger: Stranger): Promise<void> {
  stranger.guest.end();
  const { kind, message } = await house.ending(stranger);
  assert.equal(kind, "local", message);
  assert.deepEqual(
    stranger.words,
    stranger.words.map((_, at) => `say ${at}`),
  );
}

const SCENES: Readonly<Record<string, () => Promise<void>>> = {
  talkOverBadCable,
  pullForAWhile,
  pullForGood,
  callInVain,
};
await SCENES[scene]?.();
await house.checkPlayers();
await house.close();
console.log("all is well");
