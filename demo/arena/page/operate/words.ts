/** What the operator's page says in words, from what it was told. Pure. */
import type { ProcessView } from "../../shared/operator-wire.ts";

/** A kind to colour by, and a word, of how a process stands. */
export function statesOf({ state, silentMs }: ProcessView): { level: string; words: string } {
  if (state === "gone") return { level: "gone", words: "gone" };
  if (state === "stopped") return { level: "held", words: "stopped" };
  if (silentMs === null) return { level: "waiting", words: "begins" };
  if (silentMs > SILENT_MS)
    return { level: "waiting", words: `silent for ${Math.floor(silentMs / 1_000)} s` };
  return { level: "good", words: "runs" };
}

/** The zones of a process: what it holds, and for what it waits. */
export function zoneWords({ role, zones, players }: ProcessView): string {
  if (role === "bots")
    return Object.entries(players)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(", ");
  if (role !== "world") return "";
  const held = zones
    .filter(({ state }) => state === "held")
    .map(({ zone }) => `${zone + 1} (${players[zone] ?? 0})`);
  const waits = zones.filter(({ state }) => state === "waiting").map(({ zone }) => zone + 1);
  const parts = [
    held.length === 0 ? "" : `plays ${held.join(", ")}`,
    waits.length === 0 ? "" : `waits for ${waits.join(", ")}`,
  ];
  return parts.filter((part) => part !== "").join("; ") || "none";
}

export function msWords(ms: number | null): string {
  return ms === null ? "–" : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

export function hzWords(hz: number | null): string {
  return hz === null ? "–" : String(Math.round(hz));
}

/** A rate, for people. */
export function bytesWords(bytes: number | null): string {
  if (bytes === null) return "–";
  if (bytes < 1_000) return `${bytes.toFixed(0)} B/s`;
  return bytes < 1e6 ? `${(bytes / 1_000).toFixed(1)} kB/s` : `${(bytes / 1e6).toFixed(1)} MB/s`;
}

/** A process tells of itself twice a second. */
const SILENT_MS = 2_000;
