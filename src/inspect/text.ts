/**
 * A recording as text for a terminal: its summary, or its entries frame by frame. What a
 * peer has sent is quoted, without what could move a cursor.
 */
import { CALL, END, EVENT, nameOfKind } from "../transport/wrap/log-entry.ts";
import type { ReasonValue } from "../transport/wrap/log-values.ts";
import { reasonText, type Summary, textOf } from "./summary.ts";
import type { Step } from "./walk.ts";

/** The summary in lines. */
export function summaryText({
  header,
  damage,
  sizeBytes,
  lengthMs,
  frames,
  connections,
  keyframes,
}: Summary): string {
  const sum = (name: "receivedBytes" | "sentBytes" | "receivedMessages"): number =>
    frames.reduce((total, frame) => total + frame[name], 0);
  const kept = keyframes.length === 0 ? "" : `\nkeyframes after frame ${keyframes.join(", ")}`;
  return [
    `tickwire ${header.tickwire} on ${header.platform}, ${header.began}, format ${header.format}`,
    `seed ${header.seed}${header.meta === undefined ? "" : `, meta ${quoted(JSON.stringify(header.meta))}`}`,
    `${frames.length} frames in ${(lengthMs / 1_000).toFixed(1)} s, ${sizeBytes} bytes`,
    `received ${sum("receivedBytes")} bytes${sum("receivedMessages") > 0 ? ` in ${sum("receivedMessages")} lines` : ""}, sent ${sum("sentBytes")}${kept}`,
    ...(damage === undefined ? [] : [`ends early: ${damage.message}`]),
    "",
    `${connections.length} connections`,
    ...connections.map(
      ({ connection, isAccepted, remote, openedIn, closedIn, outages, reason, receivedBytes, sentBytes }) =>
        `  ${connection}  ${isAccepted ? "from" : "to"} ${quoted(remote)}  ${openedIn === 0 ? "never open" : `frame ${openedIn}`} to ${closedIn === 0 ? "the end" : closedIn}  ` +
        `received ${receivedBytes}, sent ${sentBytes}${outages === 0 ? "" : `, outages ${outages}`}  ${reason === undefined ? "" : quoted(reasonText(reason))}`,
    ),
    "",
  ].join("\n");
}

/** One entry in a line, indented by the calls around it; `undefined` for one that says nothing. */
export function stepText({ entry, frame, depth, link }: Step): string | undefined {
  const { kind, target, args, isBegun, result } = entry;
  if (kind === END) return undefined;
  const indent = "  ".repeat(depth + 1);
  if (kind === CALL.poll) return `frame ${frame}  at ${args[0]} ms  poller ${target}`;
  const who =
    link === undefined ? `part ${target}` : `connection ${link.connection} (${textOf(link.value.remote)})`;
  const kept = kind === CALL.write && !isBegun && result === 0 ? "  kept" : "";
  return `${indent}${quoted(who)}  ${nameOfKind(kind)}${args.map(argumentText).join("")}${kept}${isBegun ? ":" : ""}`;
}

/** One entry as a value of JSON. */
export function stepValue({ entry, frame, depth, link }: Step): object {
  const { kind, target, args, result } = entry;
  const plain = args.map((arg) =>
    arg instanceof Uint8Array ? { base64: base64Of(arg), text: bytesText(arg) } : arg,
  );
  return { frame, depth, kind: nameOfKind(kind), target, connection: link?.connection, result, args: plain };
}

/** Whether an entry is about a link that is told from others by a number. */
export function isAbout({ link, entry }: Step, connection: number): boolean {
  const isNoise = entry.kind === EVENT.info || entry.kind === EVENT.clock;
  return link?.connection === connection && !isNoise;
}

function argumentText(value: unknown): string {
  if (value === undefined) return "";
  if (value instanceof Uint8Array) return `  ${value.length} bytes  ${bytesText(value)}`;
  const reason = value as ReasonValue;
  if (typeof reason.message === "string") return `  ${quoted(reasonText(reason))}`;
  return `  ${quoted(typeof value === "object" ? JSON.stringify(value) : String(value))}`;
}

/** Bytes as text where they are that. */
function bytesText(bytes: Uint8Array): string {
  const text = [...bytes.subarray(0, MOST_SHOWN)].map((byte) =>
    byte >= 0x20 && byte < 0x7f
      ? String.fromCharCode(byte)
      : byte === 0x0a
        ? "\\n"
        : `\\x${byte.toString(16).padStart(2, "0")}`,
  );
  return `"${text.join("")}${bytes.length > MOST_SHOWN ? "…" : ""}"`;
}

function base64Of(bytes: Uint8Array): string {
  return btoa([...bytes].map((byte) => String.fromCharCode(byte)).join(""));
}

/** Text that a stranger may have chosen, without what could move a cursor. */
function quoted(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\uFFFD");
}

const MOST_SHOWN = 80;
