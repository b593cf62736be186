import { afterEach, describe, expect, it } from "vitest";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { insult, recipe } from "./recipe.ts";
import { insultByWebSocket, playerAt, pythonPlayer } from "./web.ts";

afterEach(endAll);

describe("the recipe of a login by a header", { timeout: 3 * DEADLINE_MS }, () => {
  it("knows each player by its cookie or its Authorization", async () => {
    const { child, port } = await recipe("log-in-header");
    const ada = playerAt(port, "/play", { cookie: "theme=dark; session=8f3a" });
    const bob = playerAt(port, "/play", { authorization: "Bearer c41d" });
    await ada.received.until(/^hello ada$/);
    await bob.received.until(/^hello bob$/);
    await ada.send("play");
    ada.socket.close();
    await child.out.until(/^ada left with 1 points$/);
  });

  it("lets Python in, and sends it away without a session", needs("python3"), async () => {
    const { port } = await recipe("log-in-header");
    const ada = pythonPlayer(port, "/play", "print(receive())", "Authorization: Bearer 8f3a\r\n");
    await ada.out.until(/^hello ada$/);
    const nobody = pythonPlayer(port, "/play", "print(receive())");
    await nobody.out.until(/^status 401$/);
  });

  it("answers who has no session with 401, before there is a connection", needs("curl"), async () => {
    const { child, port } = await recipe("log-in-header");
    for (const header of [
      "X: y",
      "Cookie: session=8f3b",
      "Cookie: session=",
      "Authorization: Bearer __proto__",
      "Authorization: Bearer c41d ",
      "Authorization: Basic 8f3a",
    ]) {
      expect([header, await curl(port, "-H", header)]).toEqual([
        header,
        header.endsWith("c41d ") ? "101" : "401",
      ]);
    }
    await child.out.until(/^turned away 1: admit refused the request with 401$/);
  });

  it("refuses a strange page, whose browser sends the cookie all the same", async () => {
    const { port } = await recipe("log-in-header");
    const headers = { cookie: "session=8f3a", origin: "https://strange.example" };
    expect(await playerAt(port, "/play", headers).status).toBe(403);
    const own = { cookie: "session=8f3a", origin: `http://127.0.0.1:${port}` };
    expect(await playerAt(port, "/play", own).status).toBe(101);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("log-in-header");
    await insult(child, port, "GET /play HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer 8f3a\r\n\r\n");
    await insultByWebSocket(child, port, () => "/play", { authorization: "Bearer 8f3a" });
    const ada = playerAt(port, "/play", { cookie: "session=8f3a" });
    await ada.received.until(/^hello ada$/);
  });
});

/** The status that curl is answered with when it asks for a WebSocket. */
async function curl(port: number, ...args: string[]): Promise<string | undefined> {
  const asked = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
  const key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
  const headers = [...asked, key].flatMap((header) => ["-H", header]);
  const child = new Child("curl", [
    "-siN",
    "--http1.1",
    ...headers,
    ...args,
    `http://127.0.0.1:${port}/play`,
  ]);
  const [, status] = await child.out.until(/^HTTP\/1\.1 (\d+) /);
  return status;
}
