/**
 * A real network that is slow, loses packets and breaks, where this machine
 * allows to make one.
 */
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Child, endAll } from "../../demo/children.ts";
import { leftOutFor } from "../../machine.ts";
import { Cable, NEAR_ADDRESS, noCable } from "./cable.ts";

vi.setConfig({ testTimeout: 600_000 });

const cable = new Cable();

afterEach(async () => {
  await cable.remove();
  await endAll();
});

describe("over a cable with 40 ms of delay each way", leftOutFor(...noCable()), () => {
  test("that loses 5 % of the packets, all words come once and in order, both ways", async () => {
    const { program, peer } = await call("talkOverBadCable", 5);
    await expectWell(program);
    expect((await peer.out.until(/^(gap.*|received \d+)$/))[0]).toBe("received 300");
  });

  test("that is pulled out and plugged in again, nothing is lost", async () => {
    const { program, peer } = await call("pullForAWhile", 1);
    await expectWell(program);
    expect((await peer.out.until(/^(gap.*|received \d+)$/))[0]).toBe("received 240");
  });

  test("that is pulled out for good, the loss is told at the idle deadline, and nobody else notices", async () => {
    const { program } = await call("pullForGood", 0);
    await expectWell(program);
  });

  test("that is out, an attempt to connect ends at its deadline", async () => {
    await cable.lay({ delayMs: 40, lossPercent: 0 });
    await expectWell(serverProgram("connectInVain"));
  });
});

/** A server at one end of such a cable and a peer at the other. */
async function call(scene: string, lossPercent: number): Promise<{ program: Child; peer: Child }> {
  console.log(`delay and loss by ${await cable.lay({ delayMs: 40, lossPercent })}`);
  const program = serverProgram(scene);
  const port = await program.port();
  const peer = cable.run(
    cable.far,
    process.execPath,
    path("peers/node_peer.mjs"),
    String(port),
    NEAR_ADDRESS,
  );
  return { program, peer };
}

function serverProgram(scene: string): Child {
  const loader = ["--import", "tsx"];
  return cable.run(cable.near, process.execPath, ...loader, path("cable-bystanders.ts"), scene, cable.far);
}

async function expectWell(program: Child): Promise<void> {
  const code = await program.exit();
  expect([code, ...program.err.all]).toEqual([0]);
  expect(program.out.all.at(-1)).toBe("all is well");
}

function path(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
