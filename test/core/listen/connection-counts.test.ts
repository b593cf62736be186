/** Random openings and closings at one listener: a closed connection no longer counts, however it ended. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Connection, lines, memory, Poller } from "../../../src/index.ts";
import { SEED } from "../../seed.ts";

test("whatever opens and closes in whatever way, the listener fills up to its limit again", () => {
  const verb = fc.constantFrom(...VERBS);
  fc.assert(
    fc.property(fc.array(fc.tuple(verb, fc.nat(9)), { minLength: 10, maxLength: 60 }), (steps) => {
      const wire = memory();
      const client = new Poller({ timeoutMs: 1_000 });
      const server = new Poller({ idleTimeoutMs: 500, sendLimitBytes: 40, sendOverflow: "close" });
      const limits = { maxConnections: 4, maxConnectionsPerAddress: 3, acceptLimit: 2 };
      const listener = server.listen(wire, lines(), limits);
      const near: Connection<string>[] = [];
      const far: Connection<string>[] = [];
      let ms = 0;
      const poll = (passMs: number): void => {
        client.poll((ms += passMs));
        server.poll(ms);
      };
      poll(0);
      for (const [what, which] of steps) {
        const [a, b] = [near[which % near.length], far[which % far.length]];
        if (what === "connect") near.push(client.connect(wire, lines()));
        else if (what === "accept")
          far.push(...[listener.tryAccept()].filter((connection) => connection !== undefined));
        else if (what === "poll") poll(which * 30);
        else if (what === "client") client.poll(ms);
        else if (what === "speak") a?.trySend("x");
        else if (what === "tell") b?.trySend("x".repeat(30));
        else if (what === "hold") b?.hold();
        else if (what === "close") a?.close();
        else if (what === "abort") a?.abort();
        else if (what === "close accepted") b?.close();
        else if (what === "abort accepted") b?.abort();
        const alive = far.filter((connection) => connection.state !== "closed").length;
        expect(alive).toBeLessThanOrEqual(3); // all come from one address
      }
      for (const one of near) one.abort();
      for (let frame = 0; frame < 6; frame++) {
        while (listener.tryAccept() !== undefined);
        for (const connection of listener.connections) connection.abort();
        poll(10);
      }
      expect(listener.connections.size).toBe(0);
      let came = 0;
      for (let count = 0; count < 4; count++) {
        client.connect(wire, lines());
        poll(1);
        poll(1);
        if (listener.tryAccept() !== undefined) came++;
      }
      expect(came).toBe(3);
      expect(listener.stats.droppedBy.maxConnectionsPerAddress ?? 0).toBeGreaterThan(0);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

const VERBS = [
  ...(["connect", "connect", "accept", "poll", "poll", "client", "speak", "tell", "hold"] as const),
  ...(["close", "abort", "close accepted", "abort accepted"] as const),
];
