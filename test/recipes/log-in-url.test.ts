import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { insult, recipe } from "./recipe.ts";
import { insultByWebSocket, playerAt, pythonPlayer } from "./web.ts";

afterEach(endAll);

describe("the recipe of a login by the URL", { timeout: 3 * DEADLINE_MS }, () => {
  it("lets in who brings a ticket that it got for its secret", async () => {
    const { port } = await recipe("log-in-url");
    const ada = playerAt(port, `/play?ticket=${await ticket(port, "8f3a")}`);
    const bob = playerAt(port, `/play?room=1&ticket=${await ticket(port, "c41d")}`);
    await ada.received.until(/^hello ada$/);
    await bob.received.until(/^hello bob$/);
    await bob.send("hi");
    await bob.received.until(/^bob says hi$/);
  });

  it("lets curl ask, and Python play", needs("curl", "python3"), async () => {
    const { port } = await recipe("log-in-url");
    const args = ["-s", "-w", "\\n", "-X", "POST", "-H", "Authorization: Bearer 8f3a"];
    const curl = new Child("curl", [...args, `http://127.0.0.1:${port}/ticket`]);
    const [got] = await curl.out.until(/^[0-9a-f-]{36}$/);
    const ada = pythonPlayer(port, `/play?ticket=${got}`, 'print(receive()); send("hi"); print(receive())');
    await ada.out.until(/^hello ada$/);
    await ada.out.until(/^ada says hi$/);
  });

  it("lets each ticket in once, and nothing else", async () => {
    const { child, port } = await recipe("log-in-url");
    const used = await ticket(port, "8f3a");
    expect(await playerAt(port, `/play?ticket=${used}`).status).toBe(101);
    for (const query of [`?ticket=${used}`, "", "?ticket", "?ticket=8f3a", "?ticket=__proto__", `?${used}`]) {
      expect([query, await playerAt(port, `/play${query}`).status]).toEqual([query, 401]);
    }
    await child.out.until(/^turned away \d+: admit refused the request with 401$/);
  });

  it("lets no ticket in that has waited too long", async () => {
    const { port } = await recipe("log-in-url", "0");
    const late = await ticket(port, "8f3a");
    expect(await playerAt(port, `/play?ticket=${late}`).status).toBe(401);
  });

  it("gives a ticket for a secret alone, and not without bounds", async () => {
    const { port } = await recipe("log-in-url", "600000");
    expect((await ask(port, "8f3b")).status).toBe(401);
    expect((await fetch(`http://127.0.0.1:${port}/ticket`, { method: "POST" })).status).toBe(401);
    expect((await fetch(`http://127.0.0.1:${port}/ticket`)).status).toBe(404);
    const got: number[] = [];
    while (got.length < 1_000) {
      const answers = Array.from({ length: 50 }, () => ask(port, "8f3a"));
      for (const answer of await Promise.all(answers)) got.push(answer.status);
    }
    expect([new Set(got), (await ask(port, "8f3a")).status]).toEqual([new Set([200]), 503]);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("log-in-url");
    await insult(child, port, "POST /ticket HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer 8f3b\r\n\r\n");
    await insultByWebSocket(child, port, async () => `/play?ticket=${await ticket(port, "8f3a")}`);
    const ada = playerAt(port, `/play?ticket=${await ticket(port, "8f3a")}`);
    await ada.received.until(/^hello ada$/);
    ada.socket.close();
    await once(ada.socket, "close");
  });
});

function ask(port: number, secret: string): Promise<Response> {
  const headers = { authorization: `Bearer ${secret}` };
  return fetch(`http://127.0.0.1:${port}/ticket`, { method: "POST", headers });
}

async function ticket(port: number, secret: string): Promise<string> {
  return (await ask(port, secret)).text();
}
