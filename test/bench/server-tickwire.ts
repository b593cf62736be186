/** The server of the benchmark as one writes it with tickwire. */
import { type Connection, lines, Poller, tcp } from "../../src/index.ts";
import { lineOf } from "./scenarios.ts";
import { serve } from "./serve.ts";

await serve(async ({ linesOut, takeLines }, game) => {
  const poller = new Poller();
  const listener = poller.listen(tcp({ host: "127.0.0.1", port: 0 }), lines());
  const budget = { messages: takeLines };
  const take = (_: Connection<string>, line: string) => game.take(line);
  let number = 0;

  function frame(): void {
    poller.poll();
    while (listener.tryAccept() !== undefined);
    if (listener.drain(take, budget) > 0) game.framesWithRest++;
    for (let count = 0; count < linesOut; count++) {
      game.sentLines += listener.broadcast(lineOf(number++));
    }
    poller.flush();
  }

  while (listener.address === undefined) {
    await new Promise(setImmediate);
    poller.poll();
  }
  return { server: { frame, connections: () => listener.connections.size }, port: listener.address.port };
});
