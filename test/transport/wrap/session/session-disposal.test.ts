/** What is left of sessions when their pollers are disposed, in each state of theirs: nothing. */
import { describe, expect, test } from "vitest";
import { type Address, type Connection, lines, Poller, session, tcp } from "../../../../src/index.ts";
import { SessionRig } from "./session-rig.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));
const sockets = () => process.getActiveResourcesInfo().filter((name) => /^TCP/.test(name)).length;

async function dispose(how: string, ...pollers: Poller[]): Promise<void> {
  if (how === "using") for (const poller of pollers) poller[Symbol.dispose]();
  else await Promise.all(pollers.map((poller) => poller[Symbol.asyncDispose]()));
  for (let turns = 0; turns < 20; turns++) await turn();
}

describe.each(["using", "await using"])("after %s", (how) => {
  test.each(["new", "dialling", "linked", "ending"])("no socket of a %s session is left", async (state) => {
    const before = sockets();
    const [server, client] = [new Poller(), new Poller()];
    const listener = server.listen(session(tcp({ host: "127.0.0.1", port: 0 })), lines());
    let far: Connection<string> | undefined;
    const until = async (isSo: () => boolean) => {
      while (!isSo()) {
        for (const poller of [server, client]) {
          poller.poll();
          poller.flush();
        }
        far ??= listener.tryAccept();
        await turn();
      }
    };
    await until(() => listener.state === "listening");
    const { port } = listener.address as Address;
    const near = client.connect(session(tcp({ host: "127.0.0.1", port })), lines());
    if (state === "dialling") client.poll();
    else if (state !== "new") await until(() => far !== undefined && near.state === "open");
    if (state === "ending") near.close({ code: 4_000 });
    client.flush();
    await dispose(how, client, server);
    expect([near.state, far?.state ?? "closed", sockets() - before]).toEqual(["closed", "closed", 0]);
  });

  test("a suspended session is closed at both ends, and dials no more", async () => {
    const rig = new SessionRig({
      clientPoller: { closeTimeoutMs: 50 },
      serverPoller: { closeTimeoutMs: 50 },
    });
    const { near, far } = rig.pair();
    rig.slow.blackhole();
    rig.slow.cut();
    rig.pass(500);
    expect([near.linked, far.linked]).toEqual([false, false]);
    await dispose(how, rig.client, rig.server);
    const { length } = rig.dialled;
    rig.slow.heal();
    rig.pass(10_000);
    expect([near.state, far.state, rig.dialled.length]).toEqual(["closed", "closed", length]);
  });
});
