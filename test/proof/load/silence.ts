/**
 * A thousand guests who never say a word, beside players who must not notice: a
 * program that counts what the silent cost. Prints its figures as JSON.
 */
import { fileURLToPath } from "node:url";
import { Child, endAll } from "../../demo/children.ts";
import { House } from "../house.ts";
import { connectionsAllowed, heapBytes } from "../measure.ts";

/** What came of it. */
export interface SilenceFigures {
  readonly guests: number;
  /** The most connections that a frame had something to show of, once all had come. */
  readonly mostReady: number;
  /** What the heap and its buffers grew by for each guest, in bytes; Node's own socket is most of it. */
  readonly bytesPerGuest: number;
}

const PLAYERS = 20;
const FRAMES = 200;
const callers = fileURLToPath(new URL("callers.mjs", import.meta.url));

const house = await House.open({ players: PLAYERS });
const before = heapBytes();
const guests = connectionsAllowed(1_000);
const child = new Child(process.execPath, [callers, String(house.port), String(guests)]);
await house.until(() => house.listener.connections.size === PLAYERS + guests, "all guests");
await house.checkPlayers();
const bytesPerGuest = Math.round((heapBytes() - before) / guests);

let mostReady = 0;
for (let frame = 0; frame < FRAMES; frame++) {
  await house.frame();
  mostReady = Math.max(mostReady, house.server.ready.length);
}
await house.checkPlayers();
const figures: SilenceFigures = { guests, mostReady, bytesPerGuest };
console.log(JSON.stringify(figures));
await child.kill("SIGKILL");
await house.until(() => house.listener.connections.size === PLAYERS, "their end");
await endAll();
await house.close();
