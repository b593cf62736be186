/**
 * How does a page in React show the game? The game is no part of React: it has its connection
 * and its loop in a module, changes what is shown once in an animation frame at most, and a
 * hook of one line subscribes to it. So components come and go, twice in strict mode, and the
 * connection stays. Mind that `useSyncExternalStore` compares by `===`: what is shown is a new
 * value when it has changed, and the same one when it has not. What moves sixty times a second
 * belongs on a canvas, drawn in `tick`, and not into React.
 *
 *     npx tsx demo/recipes/vite.ts 14900
 */
import { StrictMode, type SubmitEvent, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { lines, Poller, runLoop, websocket } from "../../../src/browser.ts";

const net = new Poller();
const server = net.connect(websocket("/play", { framing: "message" }), lines());
const watchers = new Set<() => void>();
let shown: { readonly state: string; readonly heard: readonly string[] } = { state: server.state, heard: [] };

void runLoop({
  pace: "animation",
  poller: net,
  tick() {
    const fresh = [...server];
    if (fresh.length === 0 && server.state === shown.state) return;
    shown = { state: server.state, heard: [...shown.heard, ...fresh].slice(-20) };
    for (const changed of watchers) changed();
  },
});

function subscribe(changed: () => void): () => void {
  watchers.add(changed);
  return () => watchers.delete(changed);
}

const useGame = () => useSyncExternalStore(subscribe, () => shown);

function Page() {
  const { state, heard } = useGame();
  return (
    <form onSubmit={say}>
      <p>{state}</p>
      <input name="line" autoComplete="off" />
      <pre>{heard.join("\n")}</pre>
    </form>
  );
}

function say(event: SubmitEvent<HTMLFormElement>): void {
  event.preventDefault();
  const line = String(new FormData(event.currentTarget).get("line"));
  if (server.trySend(line.slice(0, 200))) event.currentTarget.reset();
}

const place = document.getElementById("root");
if (place !== null) {
  createRoot(place).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
}
