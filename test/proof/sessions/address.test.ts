/**
 * A player whose address changes while the session lives, in a network of its own: sockets
 * hear nothing of that, and nothing of theirs arrives any more.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { SessionOptions } from "../../../src/index.ts";
import { endAll } from "../../demo/children.ts";
import { leftOutFor } from "../../machine.ts";
import {
  Cable,
  changeFarAddress,
  FAR_ADDRESS,
  NEAR_ADDRESS,
  noCable,
  OTHER_ADDRESS,
  setCable,
} from "../faults/cable.ts";
import { EndProgram } from "./end-program.ts";
import { expectOn, expectWhole } from "./expectations.ts";

vi.setConfig({ testTimeout: 600_000 });

const cable = new Cable();
const session: SessionOptions = {
  pingIntervalMs: 50,
  deadPeerMs: 500,
  dialTimeoutMs: 1_000,
  resumeWindowMs: 300_000,
};

afterEach(async () => {
  await cable.remove();
  await endAll();
});

describe("a session of a player in another network", leftOutFor(...noCable()), () => {
  async function meet(): Promise<{ server: EndProgram; player: EndProgram }> {
    await cable.lay({ delayMs: 10, lossPercent: 0 });
    const options = { session, certificates: "" };
    const near = cable.run.bind(cable, cable.near);
    const far = cable.run.bind(cable, cable.far);
    const server = new EndProgram("listen", "tcp", `${NEAR_ADDRESS}:0`, options, near);
    const where = `${NEAR_ADDRESS}:${await server.port()}`;
    const player = new EndProgram("connect", "tcp", where, options, far);
    for (const end of [server, player]) end.tell("talk");
    for (const end of [server, player]) await end.until(({ got }) => got > 100);
    return { server, player };
  }

  test.each(["at once", "after a while without any"])("goes on from another address, %s", async (when) => {
    const { server, player } = await meet();
    const before = [await server.facts(), await player.facts()] as const;
    expect([before[0].to, before[1].from]).toEqual([before[1].from, before[0].to]);
    expect(before[0].to).toMatch(`${FAR_ADDRESS}:`);
    if (when === "at once") changeFarAddress(cable.far, FAR_ADDRESS, OTHER_ADDRESS);
    else {
      changeFarAddress(cable.far, FAR_ADDRESS, undefined);
      for (const end of [server, player]) await end.until(({ linked, downMs }) => !linked && downMs > 300);
      changeFarAddress(cable.far, undefined, OTHER_ADDRESS);
    }
    await expectOn(server, before[0]);
    await expectOn(player, before[1]);
    const [one, other] = await expectWhole(server, player);
    for (const address of [one.to, other.from]) expect(address).toMatch(`${OTHER_ADDRESS}:`);
  });

  test("goes on when the cable is plugged in again", async () => {
    const { server, player } = await meet();
    const before = [await server.facts(), await player.facts()] as const;
    setCable(cable.far, "down");
    for (const end of [server, player]) await end.until(({ linked, downMs }) => !linked && downMs > 300);
    setCable(cable.far, "up");
    await expectOn(server, before[0]);
    await expectOn(player, before[1]);
    await expectWhole(server, player);
  });
});
