/** The arena in a real browser: a player's page and the operator's, over real processes and a real NATS where there is one. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Child, endAll } from "../../demo/children.ts";
import { needs } from "../../machine.ts";
import { quietPort } from "../../ports.ts";
import { launchBrowser } from "../browser.ts";
import { ArenaPage, openArena } from "./pages.ts";

for (const [how, args, needed] of [
  ["over NATS", [], ["chromium", "nats-server", "signals"]],
  ["in one process", ["--memory"], ["chromium"]],
] as const) {
  describe(`the arena's pages, ${how}`, needs(...needed), () => {
    let browser: Browser;
    let player: ArenaPage;
    let operator: ArenaPage;

    beforeAll(async () => {
      browser = await launchBrowser();
      const port = await quietPort(4);
      const all = [
        "--import",
        "tsx",
        "demo/arena/main.ts",
        "--no-open",
        "--bots",
        "6",
        "--port",
        `${port}`,
        ...args,
      ];
      const child = new Child(process.execPath, all);
      await child.out.until(/^the operator is at/);
      operator = await openArena(browser, `http://127.0.0.1:${port}/`);
      await operator.untilSaid("process-gateway-1", "runs");
      player = await openArena(browser, `http://127.0.0.1:${port + 1}/`);
      await player.untilData("at", /\d/);
    });
    afterAll(async () => {
      await browser?.close();
      await endAll();
    });

    /** Neither page complained, but for lines that nobody answered, which Chromium tells itself. */
    function nothingComplained(): void {
      for (const { errors } of [player, operator])
        expect(errors.filter((error) => !error.startsWith("WebSocket connection to"))).toEqual([]);
    }

    /** Presses a button of a process; the first one kills, the second one stops and continues. */
    async function press(name: string, button: 0 | 1): Promise<void> {
      await operator.page.locator(`#process-${name} button`).nth(button).click();
    }

    /** Waits until the player is in a zone that has a world, and all zones show themselves. */
    async function untilAllPlays(): Promise<void> {
      await player.untilData("still", /^$/);
      await player.untilData("at", /\d/);
    }

    test("a player walks by keys from zone to zone", async () => {
      const from = await player.data("zone");
      const key = from === "0" ? "KeyD" : "KeyA";
      await player.page.keyboard.down(key);
      await player.untilData("zone", from === "0" ? /^1$/ : /^0$/);
      await player.page.keyboard.up(key);
      nothingComplained();
    });

    test("the operator sees processes, leases with epochs, round trips and players", async () => {
      await operator.untilSaid("leases", "world-1");
      await operator.untilSaid("leases", "world-2");
      await operator.untilSaid("players", "gateway-2");
      await operator.until(
        () => / ms/.test(document.getElementById("process-gateway-1")?.textContent ?? ""),
        undefined,
      );
      nothingComplained();
      for (const colorScheme of ["light", "dark"] as const) {
        await operator.picture(`operator-${how}`, colorScheme);
        await player.picture(`player-${how}`, colorScheme);
      }
    });

    test("a killed world's zone stands still, and goes on with another epoch and the same player", async () => {
      await untilAllPlays();
      const [id, zone = "", epochs = ""] = [
        await player.data("player"),
        await player.data("zone"),
        await player.data("epochs"),
      ];
      const epoch = epochs.split(" ")[Number(zone)] ?? "";
      await operator.until(
        ([zone]) =>
          document
            .querySelector(`#leases tbody tr:nth-child(${zone + 1})`)
            ?.textContent?.includes("world-") === true,
        [Number(zone)] as const,
      );
      const owner = await operator.page
        .locator("#leases tbody tr")
        .nth(Number(zone))
        .locator("td")
        .nth(1)
        .textContent();
      await press(owner?.split(",")[0] ?? "", 0);
      await player.untilData("still", new RegExp(zone));
      await player.picture(`still-${how}`, "light");
      await player.until(
        ([zone, epoch]) => Number(document.documentElement.dataset.epochs?.split(" ")[zone]) > epoch,
        [Number(zone), Number(epoch)] as const,
      );
      await untilAllPlays();
      expect(await player.data("player")).toBe(id);
      nothingComplained();
    });

    test("a killed gateway's player goes on at the other one", async () => {
      const [id, gateway = ""] = [await player.data("player"), await player.data("gateway")];
      await press(gateway, 0);
      await player.untilData("gateway", gateway === "gateway-1" ? /^gateway-2$/ : /^gateway-1$/);
      await player.untilSaid("notice", "as the same player");
      await player.untilData("link", /^open$/);
      await untilAllPlays();
      expect(await player.data("player")).toBe(id);
      nothingComplained();
    });

    test("a stopped world's zone is played by another one, and when it goes on it acts for nobody", async () => {
      await operator.untilSaid("process-world-1", "plays 1");
      await press("world-1", 1);
      await operator.untilSaid("process-world-1", "stopped");
      await operator.until(
        () => document.querySelector("#leases tbody tr")?.textContent?.includes("world-2") === true,
        undefined,
      );
      await untilAllPlays();
      await press("world-1", 1);
      await operator.untilSaid("lines", "world-1acts for nobody");
      nothingComplained();
    });

    test("without its broker the arena stands still for five seconds, and goes on", async () => {
      await untilAllPlays();
      await operator.page.locator("#cut").click();
      await operator.untilSaid("broker", "cut, for ");
      await player.untilData("still", /0 1/);
      await player.picture(`cut-${how}`, "dark");
      await untilAllPlays();
      await player.untilSaid("link-title", "linked");
      nothingComplained();
    });

    test("two tabs are two players, and a tab that is loaded again is the same one", async () => {
      const id = await player.data("player");
      const url = player.page.url();
      const other: Page = await player.page.context().newPage();
      const another = new ArenaPage(other);
      await other.goto(url);
      await another.untilData("player", /\d/);
      expect(await another.data("player")).not.toBe(id);
      await other.close();
      await player.page.reload();
      await player.untilData("at", /\d/);
      expect(await player.data("player")).toBe(id);
    });
  });
}
