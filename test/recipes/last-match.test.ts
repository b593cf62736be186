import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { framesInDebt } from "../../demo/recipes/last-match.ts";
import { DEADLINE_MS, endAll } from "../demo/children.ts";
import { needs } from "../machine.ts";
import { insult, player, recipe } from "./recipe.ts";

afterEach(endAll);

describe("the recipe of the last match", { timeout: 3 * DEADLINE_MS, ...needs("signals") }, () => {
  it("replays in a test what was wrong, in the frame in which it was", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tickwire-match-"));
    const file = join(folder, "last-match.rec");
    const { child, port } = await recipe("last-match", file);
    const rich = player(port, "dig", "dig", "buy");
    await rich.received.until(/^you have 2 gold$/);
    await insult(child, port, "dig", "buy");
    const poor = player(port, "dig", "buy");
    await poor.received.until(/^you have -3 gold$/);
    child.process.kill("SIGTERM");
    expect(await child.exit()).toBe(0);

    const frames = framesInDebt(file); // put the bug right, and a test may expect []
    expect(frames.length).toBeGreaterThan(0);
    expect(framesInDebt(file)).toEqual(frames);
    rmSync(folder, { recursive: true });
  });

  it("writes over no match", async () => {
    const file = join(tmpdir(), `tickwire-match-${process.pid}.rec`);
    const first = await recipe("last-match", file);
    await expect(recipe("last-match", file)).rejects.toThrow();
    first.child.process.kill("SIGTERM");
    expect(await first.child.exit()).toBe(0);
    rmSync(file);
  });
});
