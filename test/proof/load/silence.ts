/**
 * A thousand guests who never say a word, beside players who must not notice: a
 * program that counts what the silent cost. Prints its figures as JSON.
 */
import { fileURLToPath } from "node:url";
import { Child, endAll } from "../../demo/children.ts";
import { House } from "../bystanders.ts";
import { connectionsAllowed, heapBytes } from "../measure.ts";

/** What came of it. */
export interface SilenceFigures {
  readonly guests: number;
  /** The most connections that a frame had something to show of, once all had come. */
  readonly mostReady: number;
  /** What the heap and its buffers grew by for each guest, in bytes; Node's own socket is most of it. */
  readonly bytesPerGuest: number;
  /** How many were closed at the deadline for a first message, where there was one. */
  readonly timedOut: number;
}

const PLAYERS = 20;
const FRAMES = 200;
/** For a first word, where there is a deadline. */
const FIRST_WORD_MS = 1_000;
const callers = fileURLToPath(new URL("silent-clients.mjs", import.meta.url));
const guests = connectionsAllowed(1_000);

/** Without a deadline they may stay; they cost memory, and no frame anything. */
async function letThemStay(): Promise<Pick<SilenceFigures, "mostReady" | "bytesPerGuest">> {
  const house = await House.open({ players: PLAYERS });
  const before = heapBytes();
  const child = call(house);
  await house.until(() => house.listener.connections.size === PLAYERS + guests, "all guests");
  await house.checkPlayers();
  const bytesPerGuest = Math.round((heapBytes() - before) / guests);
  let mostReady = 0;
  for (let frame = 0; frame < FRAMES; frame++) {
    await house.frame();
    mostReady = Math.max(mostReady, house.server.ready.length);
  }
  await house.checkPlayers();
  await child.kill("SIGKILL");
  await house.until(() => house.listener.connections.size === PLAYERS, "their end");
  await house.close();
  return { mostReady, bytesPerGuest };
}

/** With a deadline for the first word, each of them is sent home. */
async function sendThemHome(): Promise<Pick<SilenceFigures, "timedOut">> {
  const house = await House.open({ players: PLAYERS, listen: { firstMessageTimeoutMs: FIRST_WORD_MS } });
  let timedOut = 0;
  house.server.on("close", ({ reason }) => {
    if (reason.kind === "timeout" && reason.code === "firstMessageTimeoutMs") timedOut++;
  });
  const child = call(house);
  await house.until(() => timedOut === guests, "the end of all guests");
  await house.checkPlayers();
  await child.kill("SIGKILL");
  await house.close();
  return { timedOut };
}

function call(house: House): Child {
  return new Child(process.execPath, [callers, String(house.port), String(guests)]);
}

const figures: SilenceFigures = { guests, ...(await letThemStay()), ...(await sendThemHome()) };
console.log(JSON.stringify(figures));
await endAll();
