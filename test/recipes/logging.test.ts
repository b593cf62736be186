import { afterEach, describe, expect, it } from "vitest";
import { type Child, DEADLINE_MS, endAll } from "../demo/children.ts";
import { ended, insult, player, recipe } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of a log", { timeout: 3 * DEADLINE_MS }, () => {
  it("tells who came, who left, and why, a line of JSON each", async () => {
    const { child, port } = await recipe("logging");
    const ada = player(port, "hi");
    expect(await next(child, "came")).toMatchObject({ id: 1, from: `127.0.0.1:${ada.socket.localPort}` });
    expect(await next(child, "said")).toMatchObject({ id: 1, line: "hi" });
    ada.socket.end();
    expect(await next(child, "left")).toMatchObject({ id: 1, kind: "remote", sent: 0, received: 3 });
    const long = player(port, "x".repeat(1_001));
    await ended(long);
    expect(await next(child, "left")).toMatchObject({ id: 2, kind: "protocol" });
  });

  it("keeps what a stranger says in its line", async () => {
    const { child, port } = await recipe("logging");
    const said = '\x1b[2J","event":"fake\rx\u2028\u202e\x9b2Jü😀';
    player(port, said);
    const { line } = await next(child, "said");
    expect(line).toBe(said);
    expect(child.out.all.join("")).toMatch(/^[\x20-\x7e]+ü😀[\x20-\x7e]+$/);
  });

  it("counts a flood of strangers in a few lines", async () => {
    const { child, port } = await recipe("logging");
    const crowd = Array.from({ length: 300 }, () => player(port));
    await Promise.race(crowd.map(ended));
    const first = await next(child, "dropped");
    expect(Number(first.count)).toBeGreaterThan(0);
    expect(child.out.all.filter((line) => line.includes('"dropped"')).length).toBeLessThan(100);
  });

  it("writes a few lines of one who floods it with many", async () => {
    const { child, port } = await recipe("logging");
    await ended(player(port, ...Array<string>(5_000).fill("")));
    expect(await next(child, "left")).toMatchObject({ kind: "overflow", code: "messageRateHz" });
    expect(child.out.all.filter((line) => line.includes('"said"')).length).toBeLessThanOrEqual(20);
  });

  it("is ended by no stranger", async () => {
    const { child, port } = await recipe("logging");
    await insult(child, port, "x");
  });
});

/** The next line of the log about this event. */
async function next(child: Child, event: string): Promise<Record<string, unknown>> {
  const [line] = await child.out.until(new RegExp(`^\\{"at":"[^"]+","event":"${event}",.*\\}$`));
  return JSON.parse(line) as Record<string, unknown>;
}
