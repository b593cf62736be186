/**
 * What a page and its server share may be written once: under the condition
 * `browser` the package's own name leads to the page's entry, so each name of
 * that entry must be in the other one, or stand here.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as page from "../../src/browser.ts";
import * as whole from "../../src/index.ts";
import { exportedNames } from "../exported-names.ts";

/** In Node the WebSocket is in an entry of its own, which needs ws. */
const PAGE_ALONE = ["websocket", "WebSocketOptions"];

test("every name for a page is a name for Node, but for its own transport", () => {
  expect(Object.keys(page).filter((name) => !(name in whole))).toEqual(["websocket"]);
  const [ofPage, ofWhole] = ["browser", "index"].map((entry) => {
    const path = `src/${entry}.ts`;
    return exportedNames(path, readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"));
  });
  expect(ofPage?.filter((name) => !ofWhole?.includes(name)).sort()).toEqual(PAGE_ALONE.sort());
});

test("the package's name leads a page to that entry before any other", () => {
  const { exports } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly exports: Record<string, Record<string, unknown>>;
  };
  expect(Object.keys(exports["."] ?? {})[0]).toBe("browser"); // conditions are tried in their order
  expect(exports["."]?.browser).toEqual(exports["./browser"]);
});
