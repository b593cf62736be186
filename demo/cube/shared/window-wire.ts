/**
 * What a peer's process and its windows say to each other, in this one place:
 * the lines of `wire.ts` both ways, and these.
 *
 *     process → window
 *       role mover|mirror                  whose window this is
 *       link <kind> <words>                how the peer stands to the others
 *       wire text|json|binary              the format that the peer sends in
 *       network <name>                     what the peer's network is like
 *       size text <n> json <n> binary <n>  bytes of the last position in each format
 *       stat tick <n> in <lines> <bytes> out <lines> <bytes> line <ms> frame <ms> arrivals <n>,<n>
 *                                          totals of the peer's link since its process
 *                                          began; the last round trip of the line and
 *                                          from frame to frame, or -; messages in each
 *                                          frame since the stat before
 *     window → process
 *       wire text|json|binary              send in this format
 *       network <name>                     be on such a network: perfect, broadband, wifi,
 *                                          mobile, poor, own, which the command line has, or
 *                                          blackhole, which lets nothing pass
 *       cut                                break the peer's links
 *
 * Runs in both, so it is pure: text in, values out, and back.
 */
import type { LinkState } from "./changes.ts";
import {
  type Bad,
  bad,
  FORMATS,
  type Format,
  formatLine,
  type Message,
  parseLine,
  printable,
  quoted,
  wordsOf,
} from "./wire.ts";
import type { Role } from "./world.ts";

/** What a window says to its process. */
export type Asked =
  | Message
  | { readonly kind: "wire"; readonly format: Format }
  | { readonly kind: "network"; readonly network: Network }
  | { readonly kind: "cut" };

/** What a peer's network is like: `own` has the numbers of the command line, and a `blackhole` lets nothing pass. */
export type Network = (typeof NETWORKS)[number];
export const NETWORKS = ["perfect", "broadband", "wifi", "mobile", "poor", "own", "blackhole"] as const;

/** What a process says to its windows. */
export type Told =
  | Asked
  | { readonly kind: "role"; readonly role: Role }
  /** `words` are for a person: where, why, how long. Those of `held` begin with how long, and a comma. */
  | { readonly kind: "link"; readonly link: LinkState["kind"]; readonly words: string }
  | { readonly kind: "size"; readonly bytes: Readonly<Record<Format, number>> }
  | { readonly kind: "stat"; readonly stat: Stat };

/** What was counted on the link to the peer. */
export interface Stat {
  /** The process's frame. */
  readonly tick: number;
  /** Since the process began. */
  readonly in: Traffic;
  readonly out: Traffic;
  /** The last round trip of the line, in milliseconds; `undefined` when the link does not measure it. */
  readonly lineMs: number | undefined;
  /** The last one from a frame of this peer to its frame that had the answer; `undefined` when none is known. */
  readonly frameMs: number | undefined;
  /** Messages from the peer in each frame since the stat before, one number at least. */
  readonly arrivals: readonly number[];
}

/** Messages, and the bytes they took. */
export interface Traffic {
  readonly lines: number;
  readonly bytes: number;
}

/** What a window's line means to its process. Never throws: a line that means nothing is `bad`. */
export function parseAsked(text: string): Asked | Bad {
  const [word, ...parts] = wordsOf(text);
  if (word === "network") return parseNetwork(parts);
  if (word === "cut" && parts.length === 0) return { kind: "cut" };
  return word === "wire" ? parseWire(parts) : parseLine(text, "cube, ping, pong, wire, network or cut");
}

/** What a window says, as a line without the line break. */
export function formatAsked(asked: Asked): string {
  if (asked.kind === "cut") return "cut";
  if (asked.kind === "network") return `network ${asked.network}`;
  return asked.kind === "wire" ? `wire ${asked.format}` : formatLine(asked);
}

/** What a process's line means to its window. Never throws: a line that means nothing is `bad`. */
export function parseTold(text: string): Told | Bad {
  const [word, ...parts] = wordsOf(text);
  switch (word) {
    case "role":
      return parseRole(parts);
    case "link":
      return parseLink(parts);
    case "wire":
      return parseWire(parts);
    case "network":
      return parseNetwork(parts);
    case "size":
      return parseSize(text);
    case "stat":
      return parseStat(text);
    default:
      return parseLine(text, "cube, ping, pong, role, link, wire, network, size or stat");
  }
}

/** What a process says, as a line without the line break. */
export function formatTold(told: Told): string {
  switch (told.kind) {
    case "role":
      return `role ${told.role}`;
    case "link":
      return `link ${told.link} ${printable(told.words, LONGEST_WORDS)}`;
    case "size":
      return `size ${FORMATS.map((format) => `${format} ${told.bytes[format]}`).join(" ")}`;
    case "stat":
      return formatStat(told.stat);
    default:
      return formatAsked(told);
  }
}

function parseRole([role, ...extra]: readonly string[]): Told | Bad {
  if ((role === "mover" || role === "mirror") && extra.length === 0) return { kind: "role", role };
  return bad("role: expected mover or mirror");
}

function parseLink([kind = "", ...parts]: readonly string[]): Told | Bad {
  const link = LINK_KINDS.find((known) => known === kind);
  if (link === undefined) return bad(`link: expected one of ${LINK_KINDS.join(", ")}, got ${quoted(kind)}`);
  return { kind: "link", link, words: printable(parts.join(" "), LONGEST_WORDS) };
}

function parseWire([name = "", ...extra]: readonly string[]): Asked | Bad {
  const format = FORMATS.find((known) => known === name);
  if (format !== undefined && extra.length === 0) return { kind: "wire", format };
  return bad(`wire: expected ${FORMATS.join(", ")}, got ${quoted([name, ...extra].join(" "))}`);
}

function parseNetwork([name = "", ...extra]: readonly string[]): Asked | Bad {
  const network = NETWORKS.find((known) => known === name);
  if (network !== undefined && extra.length === 0) return { kind: "network", network };
  return bad(`network: expected ${NETWORKS.join(", ")}, got ${quoted([name, ...extra].join(" "))}`);
}

function parseSize(text: string): Told | Bad {
  const [, ...found] = SIZE.exec(text) ?? [];
  const [textBytes, jsonBytes, binaryBytes] = found.map(Number);
  if (textBytes === undefined || jsonBytes === undefined || binaryBytes === undefined) {
    return bad("size: expected text, json and binary, each with its bytes");
  }
  return { kind: "size", bytes: { text: textBytes, json: jsonBytes, binary: binaryBytes } };
}

function parseStat(text: string): Told | Bad {
  const [, tick, linesIn, bytesIn, linesOut, bytesOut, line, frame, arrivals = ""] = STAT.exec(text) ?? [];
  const counts = arrivals.split(",");
  if (tick === undefined || counts.length > MOST_ARRIVALS) {
    return bad("stat: expected tick, in, out, line, frame and arrivals, each with its numbers");
  }
  const stat: Stat = {
    tick: Number(tick),
    in: { lines: Number(linesIn), bytes: Number(bytesIn) },
    out: { lines: Number(linesOut), bytes: Number(bytesOut) },
    lineMs: tripOf(line),
    frameMs: tripOf(frame),
    arrivals: counts.map(Number),
  };
  return { kind: "stat", stat };
}

function tripOf(text: string | undefined): number | undefined {
  return text === "-" ? undefined : Number(text);
}

function formatStat({ tick, in: taken, out, lineMs, frameMs, arrivals }: Stat): string {
  const traffic = `in ${taken.lines} ${taken.bytes} out ${out.lines} ${out.bytes}`;
  const trips = `line ${lineMs?.toFixed(1) ?? "-"} frame ${frameMs?.toFixed(1) ?? "-"}`;
  return `stat tick ${tick} ${traffic} ${trips} arrivals ${arrivals.join(",")}`;
}

const LINK_KINDS = ["starting", "listening", "connecting", "linked", "held", "pausing", "failed"] as const;
/** Enough for an address and a reason. */
const LONGEST_WORDS = 200;
/** A process ticks no faster than 1,000 times a second, and a stat comes ten times. */
const MOST_ARRIVALS = 1_000;
const SIZE = /^size text (\d{1,15}) json (\d{1,15}) binary (\d{1,15})$/;
const STAT =
  /^stat tick (\d{1,15}) in (\d{1,15}) (\d{1,15}) out (\d{1,15}) (\d{1,15}) line (-|\d{1,9}\.\d) frame (-|\d{1,9}\.\d) arrivals (\d{1,9}(?:,\d{1,9})*)$/;
