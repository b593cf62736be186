/**
 * The README, and its blocks of TypeScript by the names in their first lines.
 */
import { readFileSync } from "node:fs";

export const readme: string = readFileSync(new URL("../README.md", import.meta.url), "utf8");

export const blocks: ReadonlyMap<string, string> = new Map(
  [...readme.matchAll(/^```ts\n(\/\/ ([\w.-]+).*\n[\s\S]*?)^```/gm)].map(([, code = "", name = ""]) => [
    name,
    code,
  ]),
);
