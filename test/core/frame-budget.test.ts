/** How much may become visible in one frame, and in whose turn. */
import { describe, expect, test } from "vitest";
import { lineRig } from "../rig.ts";

describe("the frame budget", () => {
  test("lets so many messages become visible, says how many wait, and loses none", () => {
    const rig = lineRig({ server: { frameBudget: { messages: 3 } } });
    const { near, far } = rig.pair();
    for (let index = 0; index < 8; index++) near.trySend(`${index}`);
    rig.client.flush();
    const seen: [number, number, string[]][] = [];
    for (let frame = 0; frame < 4; frame++) {
      const { received, remaining } = rig.pollServer();
      seen.push([received, remaining, [...far]]);
    }
    expect(seen).toEqual([
      [3, 5, ["0", "1", "2"]],
      [3, 2, ["3", "4", "5"]],
      [2, 0, ["6", "7"]],
      [0, 0, []],
    ]);
  });

  test("counts bytes, and always lets one message through", () => {
    const rig = lineRig({ server: { frameBudget: { bytes: 4 } } });
    const { near, far } = rig.pair();
    for (const text of ["longer than the budget", "a", "b", "c"]) near.trySend(text);
    rig.client.flush();
    expect(rig.pollServer()).toMatchObject({ received: 1, remaining: 3 });
    expect(rig.pollServer()).toMatchObject({ received: 2, remaining: 1 });
    expect([...far]).toEqual(["longer than the budget", "a", "b"]);
  });

  test("goes round the connections, also over frames, so a flood starves nobody", () => {
    const rig = lineRig({ server: { frameBudget: { messages: 2 } } });
    const pairs = Array.from({ length: 5 }, () => rig.pair());
    for (let index = 0; index < 100; index++) pairs[0]?.near.trySend("flood");
    for (const { near } of pairs.slice(1)) near.trySend("calm");
    rig.client.flush();
    const received = new Set<number>();
    for (let frame = 0; frame < 3; frame++) {
      rig.pollServer();
      for (const { id } of rig.server.ready) received.add(id);
      for (const { far } of pairs) while (far.tryRecv() !== undefined);
    }
    expect([...received].sort()).toEqual([1, 2, 3, 4, 5]);
  });

  test("shows the end of a peer only after all of its messages crossed the border", () => {
    const rig = lineRig({ server: { frameBudget: { messages: 1 } } });
    const { near, far } = rig.pair();
    for (const text of ["a", "b", "c"]) near.trySend(text);
    near.close();
    rig.client.flush();
    const got: string[] = [];
    for (let frame = 0; frame < 8 && far.state !== "closed"; frame++) {
      rig.pollServer();
      got.push(...far);
    }
    expect(got).toEqual(["a", "b", "c"]);
    expect(far.state).toBe("closed");
  });

  test("keeps hasActivity true while something waits", () => {
    const rig = lineRig({ server: { frameBudget: { messages: 1 } } });
    const { near } = rig.pair();
    near.trySend("a");
    near.trySend("b");
    rig.client.flush();
    rig.pollServer();
    expect(rig.server.hasActivity).toBe(true);
  });
});
