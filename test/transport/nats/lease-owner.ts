/**
 * A process that claims a lease over a broker, and says in lines what it knows and does: each tick
 * in which it holds the lease is an act, with the time of the machine. Reads commands at its stdin.
 *
 *     node --import tsx lease-owner.ts URL NAME TTL_MS
 */
import { createInterface } from "node:readline";
import { lease, Poller, runLoop } from "../../../src/index.ts";
import { nats } from "../../../src/nats.ts";

const [servers = "", name = "", ttlMs] = process.argv.slice(2);
const poller = new Poller();
const bus = nats({ servers });
const claim = poller.claim(lease(bus, name, { ttlMs: Number(ttlMs), meta: { pid: process.pid } }));
const over = new AbortController();
let saved = "";
let acts = 0;

poller.on("hold", () => {
  const text = claim.snapshot && new TextDecoder().decode(claim.snapshot);
  console.log(`held ${claim.epoch} ${Date.now()} ${text}`);
});
poller.on("unhold", ({ reason }) => console.log(`over ${reason.code ?? reason.kind} ${Date.now()}`));

createInterface({ input: process.stdin }).on("line", (line) => {
  const [command, text = ""] = line.split(" ");
  if (command === "save") saved = text;
  if (command === "transfer") claim.transfer(new TextEncoder().encode(text));
  if (command === "release") claim.release();
  if (command === "end") {
    process.stdin.destroy();
    over.abort();
  }
});

console.log("begun");
await runLoop({
  rateHz: 100,
  poller,
  signal: over.signal,
  tick() {
    if (claim.state !== "held") return;
    if (++acts % 5 === 0) console.log(`act ${claim.epoch} ${Date.now()}`);
    if (saved !== "" && claim.trySave(new TextEncoder().encode(saved))) saved = "";
  },
});
await poller[Symbol.asyncDispose]();
console.log("done"); // and it ends by itself, as nothing is left
