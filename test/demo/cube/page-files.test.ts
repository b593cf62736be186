import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pageFiles } from "../../../demo/cube/page-files.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "page-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("are the program as one bundle, and what lies beside its sources", async () => {
  await write("part.ts", "export const words: string = 'from a part';");
  await write("main.ts", 'import { words } from "./part.ts"; console.log(words);');
  await write("index.html", "<p>hello</p>");
  await write("look.svg", "<svg/>");
  const files = await pageFiles(pathToFileURL(folder + sep));
  expect([...files.keys()].sort()).toEqual(["/", "/look.svg", "/main.js"]);
  const text = (path: string) => new TextDecoder().decode(files.get(path)?.body);
  expect(text("/main.js")).toMatch(/^.*"from a part".*\n$/);
  expect(text("/")).toBe("<p>hello</p>");
});

it.each([
  ['import "./nothing.ts";', /^cannot build the page: \S*main\.ts:1: Could not resolve "\.\/nothing\.ts"$/],
  ["const =", /^cannot build the page: \S*main\.ts:1: Expected identifier but found "="$/],
])("say in one line what is wrong with %j", async (program, complaint) => {
  await write("main.ts", program);
  await expect(pageFiles(pathToFileURL(folder + sep))).rejects.toThrow(complaint);
});

function write(name: string, text: string): Promise<void> {
  return writeFile(join(folder, name), text);
}
