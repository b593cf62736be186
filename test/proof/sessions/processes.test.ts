/**
 * Sessions of two processes, with a proxy in the middle that does what networks do, and
 * processes that are stopped and killed. The model is in each end: the lines of the other one
 * come once and in order. What is awaited is a fact of theirs, and never a time.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SessionOptions } from "../../../src/index.ts";
import { endAll } from "../../demo/children.ts";
import { describeRows, type Needing } from "../../rows.ts";
import { certificates, NO_CERTIFICATES } from "../../transport/node/certificates.ts";
import { EndProgram } from "./end-program.ts";
import { expectOn, expectWhole } from "./expectations.ts";
import { LineProxy } from "./line-proxy.ts";
import type { Carrier } from "./saying.ts";

vi.setConfig({ testTimeout: 600_000 });

const rows: (Needing & { readonly carrier: Carrier })[] = [
  { carrier: "tcp", needs: ["signals"] },
  { carrier: "tls", needs: ["signals", "openssl"] },
  { carrier: "websocket", needs: ["signals"] },
];
const { folder } = certificates() ?? NO_CERTIFICATES;
const HOST = "127.0.0.1";
/** A line that is silent is given up soon; the session lives for as long as a test may take. */
const LIVELY: SessionOptions = {
  pingIntervalMs: 50,
  deadPeerMs: 500,
  dialTimeoutMs: 1_000,
  resumeWindowMs: 300_000,
};
/** A line is never given up for silence. */
const PATIENT: SessionOptions = { pingIntervalMs: 50, deadPeerMs: 300_000, resumeWindowMs: 300_000 };
/** A session that nobody resumes is over soon. */
const BRIEF: SessionOptions = { ...LIVELY, resumeWindowMs: 1_000 };

let proxy: LineProxy;

beforeEach(() => {
  proxy = new LineProxy();
});

afterEach(async () => {
  proxy.close();
  await endAll();
});

describeRows(rows)("a session of two processes over $carrier", ({ carrier }) => {
  const listen = (session: SessionOptions): EndProgram =>
    new EndProgram("listen", carrier, `${HOST}:0`, { session, certificates: folder });

  /** A server, a player, and the proxy between them. */
  async function meet(session: SessionOptions): Promise<{ server: EndProgram; player: EndProgram }> {
    const server = listen(session);
    proxy.target = await server.port();
    const where = `${HOST}:${await proxy.listen()}`;
    const player = new EndProgram("connect", carrier, where, { session, certificates: folder });
    await player.until(({ state }) => state === "open");
    await server.until(({ state }) => state === "open");
    return { server, player };
  }

  test("goes on after each kind of break, five times running, and no byte is lost or doubled", async () => {
    const { server, player } = await meet(LIVELY);
    for (const end of [server, player]) end.tell("talk");
    const breaks = [
      () => proxy.swallow("down"),
      () => proxy.swallow("up"),
      () => proxy.hold(),
      () => proxy.swallow("up", "down"),
      () => proxy.cut(),
    ];
    for (const breakLine of breaks) {
      const before = [await server.facts(), await player.facts()] as const;
      breakLine();
      await expectOn(server, before[0]);
      await expectOn(player, before[1]);
    }
    await expectWhole(server, player);
    expect(proxy.count).toBeGreaterThanOrEqual(6);
  });

  test("goes on after five cuts without a byte of traffic, and after a long silence", async () => {
    const { server, player } = await meet(LIVELY);
    const cut = async (): Promise<void> => {
      const before = await server.facts();
      proxy.cut();
      await server.until(({ to, linked }) => to !== before.to && linked); // of outages in one frame it counts one
      await player.until(({ linked }) => linked);
    };
    for (let round = 0; round < 5; round++) await cut();
    await player.until(({ quietMs }) => quietMs > 10 * (LIVELY.deadPeerMs ?? 0));
    await cut();
    for (const end of [server, player]) end.tell("talk");
    await expectWhole(server, player);
  });

  test("does not notice a stop of either process that is shorter than deadPeerMs", async () => {
    const { server, player } = await meet(PATIENT);
    for (const [stopped, other] of [
      [player, server],
      [server, player],
    ] as const) {
      for (const end of [server, player]) end.tell("talk");
      const { frames } = await other.facts();
      stopped.signal("SIGSTOP");
      await other.until((facts) => facts.frames > frames + 50);
      stopped.signal("SIGCONT");
    }
    const ends = await expectWhole(server, player);
    expect(ends.map(({ suspends, resumes }) => [suspends, resumes])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(proxy.count).toBe(1);
  });

  test("goes on after a stop of either process that is longer than deadPeerMs", async () => {
    const { server, player } = await meet(LIVELY);
    for (const [stopped, other] of [
      [player, server],
      [server, player],
    ] as const) {
      for (const end of [server, player]) end.tell("talk");
      const before = await stopped.facts();
      stopped.signal("SIGSTOP");
      await other.until(({ linked, downMs }) => !linked && downMs > 500);
      stopped.signal("SIGCONT");
      await expectOn(stopped, before);
    }
    await expectWhole(server, player);
  });

  test.each(["player", "server"] as const)(
    "ends with resume-expired when the %s is stopped for longer than the window",
    async (who) => {
      const ends = await meet(BRIEF);
      const stopped = ends[who];
      const other = ends[who === "player" ? "server" : "player"];
      for (const end of [stopped, other]) end.tell("talk");
      await stopped.until(({ got }) => got > 100);
      stopped.signal("SIGSTOP");
      const { reason } = await other.until(({ state }) => state === "closed");
      expect(reason).toMatchObject({ kind: "reset", code: "resume-expired" });
      stopped.signal("SIGCONT");
      const late = await stopped.until(({ state }) => state === "closed");
      expect(late.reason).toMatchObject({ kind: "reset", code: "resume-expired" });
      expect([late.wrong, (await other.facts()).wrong]).toEqual([undefined, undefined]);
    },
  );

  test("ends with resume-unknown when the server is killed, and another one is there", async () => {
    const { server, player } = await meet(LIVELY);
    for (const end of [server, player]) end.tell("talk");
    await player.until(({ got }) => got > 100);
    proxy.isShut = true;
    await server.child.kill("SIGKILL");
    await player.until(({ linked }) => !linked);
    const next = listen(LIVELY);
    proxy.target = await next.port();
    proxy.isShut = false;
    const { reason, wrong } = await player.until(({ state }) => state === "closed");
    expect([reason, wrong]).toMatchObject([{ kind: "reset", code: "resume-unknown" }, undefined]);
    expect((await next.facts()).connections).toBe(0);
  });

  test("brings a goodbye over a later line, behind all that was said", async () => {
    const { server, player } = await meet(LIVELY);
    player.tell("talk");
    await server.until(({ got }) => got > 100);
    proxy.swallow("up");
    const { sent } = await player.facts();
    await player.until((facts) => facts.sent > sent + 20);
    player.tell("close");
    const { got, wrong, reason } = await server.until(({ state }) => state === "closed");
    const said = await player.until(({ state }) => state === "closed");
    expect([got, wrong]).toEqual([said.sent, undefined]);
    expect(reason).toMatchObject({ kind: "remote", goodbye: { code: 4_000, text: "that was all" } });
    expect(said.reason).toMatchObject({ kind: "local" });
  });
});
