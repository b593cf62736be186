/**
 * How does a world move at a fixed step, and smoothly on every screen? The server moves it by
 * whole steps, one for each period of the loop, and says after which step it is where. The client
 * shows it a little later, between the two states around that moment: its own clock counts steps,
 * and goes faster or slower so that it stays `BEHIND` the newest. `maxDtMs` keeps both from jumps:
 * after a pause the world goes on where it was. Mind that `BEHIND` is delay which players feel; it
 * must be longer than the network's longest hiccup, or the picture stands still in it.
 *
 *     npx tsx demo/recipes/smooth.ts 14900 server
 *     npx tsx demo/recipes/smooth.ts 14900 client
 */
import { Poller, type RecordOf, runLoop, struct, tcp } from "../../src/index.ts";

const [port = "14900", role = "server"] = process.argv.slice(2);

const STEP_MS = 50;
const BEHIND = 2; // steps
const MOST_STATES = 40;

const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(port) });
const state = { step: "u32", x: "f32" } as const;
const codec = struct(state);

if (role === "server") await serve();
else await show();

async function serve(): Promise<void> {
  const server = net.listen(way, codec);
  server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));
  const ball = { step: 0, x: 0, speed: 0.25 };
  await runLoop({
    rateHz: 1_000 / STEP_MS,
    maxDtMs: 5 * STEP_MS,
    poller: net,
    tick(dtMs) {
      if (server.state === "closed") throw new Error(server.closeReason?.message);
      while (server.tryAccept() !== undefined);
      server.drain((player) => player.close()); // nobody has anything to say here
      for (let steps = Math.round(dtMs / STEP_MS); steps > 0; steps--) move(ball);
      server.broadcastLatest("ball", { step: ball.step, x: ball.x });
    },
  });
}

/** One step of the world: the ball goes to and fro between 0 and 10. */
function move(ball: { step: number; x: number; speed: number }): void {
  ball.step++;
  ball.x += ball.speed;
  if (ball.x <= 0 || ball.x >= 10) ball.speed = -ball.speed;
}

async function show(): Promise<void> {
  const server = net.connect(way, codec);
  const states: RecordOf<typeof state>[] = []; // the oldest first
  let shown = 0; // the step that is on the screen, a fraction
  await runLoop({
    rateHz: 60,
    maxDtMs: 2 * STEP_MS,
    poller: net,
    tick(dtMs) {
      if (server.state === "closed") throw new Error(server.closeReason?.message);
      for (const next of server) if (next.step > (states.at(-1)?.step ?? -1)) states.push(next);
      states.splice(0, states.length - MOST_STATES);
      const newest = states.at(-1)?.step ?? 0;
      const speed = Math.min(Math.max(0.5, 1 + (newest - shown - BEHIND) / 10), 2);
      shown = Math.min(shown + (speed * dtMs) / STEP_MS, newest);
      while (states[1] !== undefined && states[1].step <= shown) states.shift();
      const [from, to = from] = states;
      if (from === undefined || to === undefined) return;
      shown = Math.max(shown, from.step); // the first state, or it was too far behind
      const part = to === from ? 0 : (shown - from.step) / (to.step - from.step);
      console.log((from.x + (to.x - from.x) * part).toFixed(3));
    },
  });
}
