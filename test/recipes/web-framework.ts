/**
 * What the recipes of web frameworks have in common: the framework answers its own
 * requests on the port on which the players are, and strangers end neither.
 */
import { afterEach, describe, expect, it } from "vitest";
import { DEADLINE_MS, endAll } from "../demo/children.ts";
import { insult, recipe } from "./recipe.ts";
import { endPlayers, insultByWebSocket, WebPlayer } from "./web-player.ts";

/** @param notFound what the framework answers where it has no route, in part */
export function describeFramework(name: string, notFound: string): void {
  describe(`the recipe of ${name}`, { timeout: 3 * DEADLINE_MS }, () => {
    afterEach(async () => {
      endPlayers();
      await endAll();
    });

    it("has players and the framework's answers on one port", async () => {
      const { port } = await recipe(name);
      const [ada, bob] = [player(port), player(port)];
      ada.send("one");
      await ada.received.until(/: one$/);
      bob.send("two");
      await ada.received.until(/: two$/);
      await bob.received.until(/: two$/);
      const health = await fetch(`http://127.0.0.1:${port}/health`);
      expect([health.status, await health.json()]).toEqual([200, { players: 2 }]);
      const missing = await fetch(`http://127.0.0.1:${port}/none`);
      expect([missing.status, (await missing.text()).includes(notFound)]).toEqual([404, true]);
      const plain = await fetch(`http://127.0.0.1:${port}/play`);
      expect(plain.status).toBe(404); // no WebSocket, so it is the framework's
    });

    it("answers an upgrade that is not the game's, and one of another site's page", async () => {
      const { port } = await recipe(name);
      const other = new WebPlayer(`ws://127.0.0.1:${port}/other`);
      expect(await other.ending).toBe("refused 404");
      const foreign = new WebPlayer(`ws://127.0.0.1:${port}/play`, { origin: "https://evil.example" });
      expect(await foreign.ending).toBe("refused 403");
    });

    it("is ended by no stranger", async () => {
      const { child, port } = await recipe(name);
      await insult(child, port, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
      await insultByWebSocket(child, `ws://127.0.0.1:${port}/play`);
      const ada = player(port);
      ada.send("hi");
      await ada.received.until(/: hi$/);
    });
  });
}

function player(port: number): WebPlayer {
  return new WebPlayer(`ws://127.0.0.1:${port}/play`);
}
