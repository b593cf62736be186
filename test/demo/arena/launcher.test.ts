/** The arena as processes over a real NATS: killed by kill -9, stopped by SIGSTOP, cut from its broker. */
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { SAVE_EVERY_MS, TTL_MS } from "../../../demo/arena/bus-wire.ts";
import { needs } from "../../machine.ts";
import { Child, endAll } from "../children.ts";
import { Launched } from "./launched.ts";

function arena(...args: string[]): Child {
  return new Child(process.execPath, ["--import", "tsx", "demo/arena/main.ts", ...args]);
}

describe("the command line", () => {
  afterEach(endAll);

  test("says how to run it, and what is wrong with it", async () => {
    const help = arena("--help");
    await help.out.until(/npm run demo:arena/);
    expect(await help.exit()).toBe(0);
    const wrong = arena("--worlds", "99");
    await wrong.err.until(/^arena: --worlds: expected a whole number from 1 to 8, got "99"/);
    expect(await wrong.exit()).toBe(2);
  });
});

describe("the arena in one process", () => {
  test("plays without a broker, which it says in a line", async () => {
    const launched = await Launched.start("--memory", "--bots", "4");
    expect(launched.child.out.all).toContain("all in one process over memory(): as asked");
    await launched.until("the player is in", () => launched.self !== undefined);
    launched.order({ kind: "kill", name: "world-1" });
    await launched.child.out.until(/world-2 +\| plays zone 1 with epoch \d+, from a snapshot/);
    launched.order({ kind: "cut" });
    await launched.until("it is cut", () => launched.view?.broker.state === "cut");
    await launched.until("it is there again", () => launched.view?.broker.state === "running");
    const sinceMs = performance.now();
    await launched.until("both zones play on", () => launched.playsSince(sinceMs));
    await launched.end();
    expect(await launched.child.exit()).toBe(0);
  });
});

describe("the arena over NATS", needs("nats-server", "signals"), () => {
  let launched: Launched;

  beforeAll(async () => {
    launched = await Launched.start("--bots", "6");
    await launched.until("the player is in", () => launched.self !== undefined);
    await launched.until("all bots are in", () => launched.states.size === 2);
  });
  afterAll(async () => {
    await launched?.end();
    await endAll();
  });

  test("shows its processes, leases with epochs, round trips and players", async () => {
    await launched.until("all is known", () => {
      const { processes = [], leases = [] } = launched.view ?? {};
      const gateways = processes.filter(({ role }) => role === "gateway");
      return (
        leases.length === 2 &&
        leases.every(({ epoch, world }) => epoch > 0 && world.startsWith("world-")) &&
        gateways.every(
          ({ busMs, framesHz, p99Ms }) => busMs[0] !== null && framesHz !== null && p99Ms !== null,
        )
      );
    });
  });

  test("a player walks from one zone to the other", async () => {
    const from = launched.self?.zone;
    await launched.until("he is over", () => {
      launched.walk(from === 0 ? 100 : -100, 0);
      return launched.self !== undefined && launched.self.zone !== from;
    });
    launched.walk(0, 0);
  });

  test("a world that is killed by kill -9 comes back elsewhere, with a higher epoch and its players", async () => {
    const { zone = 0, score = 0 } = launched.self ?? {};
    const worldMs = (): number => launched.states.get(zone)?.state.worldMs ?? 0;
    const savedMs = worldMs() + 4 * SAVE_EVERY_MS; // by then he is in a snapshot of this zone
    await launched.until("he is saved", () => worldMs() > savedMs);
    const before = launched.states.get(zone)?.state;
    const pid = launched.pidOf(before?.world ?? "");
    process.kill(pid, "SIGKILL");
    await launched.until(
      "another epoch",
      () => (launched.states.get(zone)?.state.epoch ?? 0) > (before?.epoch ?? 0),
    );
    await launched.until("the player is there", () => launched.self?.zone === zone);
    expect(launched.self?.score).toBeGreaterThanOrEqual(score - 1);
    expect(launched.gateways).toHaveLength(1); // his gateway has not noticed
  });

  test("a killed gateway's player is at the other one, and is the same player", async () => {
    const { id } = launched;
    const score = launched.self?.score ?? 0;
    const gateway = launched.gateways.at(-1) ?? "";
    process.kill(launched.pidOf(gateway), "SIGKILL");
    await launched.until("another gateway", () => launched.gateways.at(-1) !== gateway);
    await launched.until(
      "his world knows",
      () => launched.self?.gateway.endsWith(launched.gateways.at(-1) ?? "-") === true,
    );
    expect(launched.id).toBe(id);
    expect(launched.self?.score).toBeGreaterThanOrEqual(score);
  });

  test("an owner that was stopped past its lease acts for nobody when it goes on", async () => {
    const { view } = launched;
    await launched.until("each zone has a world", () => launched.view?.leases.length === 2);
    const lease = launched.view?.leases[0] ?? view?.leases[0];
    const { zone = 0, epoch = 0, world = "" } = lease ?? {};
    launched.order({ kind: "stop", name: world });
    await launched.child.out.until(new RegExp(`^operator +\\| stops ${world}$`));
    await launched.until("another epoch", () => (launched.states.get(zone)?.state.epoch ?? 0) > epoch);
    launched.order({ kind: "continue", name: world });
    await launched.child.out.until(new RegExp(`^operator +\\| continues ${world}$`));
    await launched.child.out.until(
      new RegExp(
        `^${world} +\\| acts for nobody in zone ${zone + 1}: the lease of arena.zone-${zone} is lost`,
      ),
    );
    expect(launched.states.get(zone)?.state.epoch).toBeGreaterThan(epoch); // and Epochs let nothing older through
  });

  test("NATS away for five seconds: zones stand still, and go on with whom they had", async () => {
    await launched.until("each zone has a world", () => launched.view?.leases.length === 2);
    await launched.until("the player is in", () => launched.self !== undefined);
    const score = launched.self?.score ?? 0;
    launched.order({ kind: "cut" });
    await launched.until("it is cut", () => launched.view?.broker.state === "cut");
    await launched.until("it is there again", () => launched.view?.broker.state === "running");
    const sinceMs = performance.now();
    await launched.until("both zones play on", () => launched.playsSince(sinceMs));
    await launched.until("the player is in", () => launched.self !== undefined);
    expect(launched.self?.score).toBeGreaterThanOrEqual(score - 1);
    expect(launched.view?.ttlMs).toBe(TTL_MS);
  });

  test("ends with all that it has started", async () => {
    const pids = (launched.view?.processes ?? []).flatMap(({ pid }) => (pid === null ? [] : [pid]));
    expect(pids.length).toBeGreaterThan(4);
    await launched.end();
    expect(await launched.child.exit()).toBe(0);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });
});

describe("a launcher that is killed by kill -9", needs("nats-server", "signals"), () => {
  afterEach(endAll);

  test("leaves no process behind, and no broker", async () => {
    const launched = await Launched.start("--bots", "2");
    const [, nats] = /:(\d+), process/.exec(launched.child.out.all[0] ?? "") ?? [];
    const ports = [Number(nats), launched.port + 1, launched.port + 2];
    await launched.until("all processes play", () => {
      const { processes = [] } = launched.view ?? {};
      return processes.length > 0 && processes.every(({ framesHz }) => framesHz !== null);
    });
    for (const port of ports) expect(await answers(port)).toBe(true);
    launched.child.process.kill("SIGKILL");
    for (const port of ports) while (await answers(port));
    await launched.end();
  });
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
