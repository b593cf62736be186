/**
 * A recording as one page that opens from a file: a timeline of its frames, and its
 * connections. Everything in it is in the file; it loads nothing, and runs no script.
 */
import { PAGE_STYLE } from "./page-style.ts";
import {
  type ConnectionSummary,
  type FrameCounts,
  type FrameSummary,
  reasonText,
  type Summary,
} from "./summary.ts";
import { counted, endingsOf, NOT_ENDED } from "./text.ts";

/** The page, as the text of an HTML file. */
export function pageOf(summary: Summary, title: string): string {
  const { header, frames, connections, damage, isEnded, lengthMs, sizeBytes, keyframes } = summary;
  const facts = [
    `${counted(frames.length, "frame")} in ${(lengthMs / 1_000).toFixed(1)} s`,
    `${sizeBytes} bytes`,
    `tickwire ${header.tickwire}`,
    header.platform,
    header.began,
    `seed ${header.seed}`,
    ...(keyframes.length === 0 ? [] : [counted(keyframes.length, "keyframe")]),
    ...(header.meta === undefined ? [] : [JSON.stringify(header.meta)]),
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${PAGE_STYLE}</style>
<h1>${escaped(title)}</h1>
<p>${facts.map(escaped).join(" · ")}</p>
${damage === undefined ? "" : `<p class="bad">Ends early: ${escaped(damage.message)}</p>`}
${isEnded ? "" : `<p class="bad">${NOT_ENDED.replace("n", "N")}</p>`}
<h2>Frames</h2>
${frames.length === 0 ? "<p>There are none.</p>" : timeline(summary)}
<h2>Connections</h2>
<p class="small">${[counted(connections.length, "connection"), ...endingsOf(connections)].map(escaped).join(": ")}</p>
${connections.length === 0 ? "" : lives(connections, frames.length)}
`;
}

/** Frames side by side, some in one column where there are many. */
interface Columns {
  readonly width: number;
  readonly all: readonly (readonly FrameSummary[])[];
}

function columnsOf(frames: readonly FrameSummary[]): Columns {
  const width = Math.max(1, Math.ceil(frames.length / MOST_COLUMNS));
  const all: FrameSummary[][] = [];
  for (const [at, frame] of frames.entries()) {
    const column = Math.floor(at / width);
    all[column] ??= [];
    all[column].push(frame);
  }
  return { width, all };
}

/** A chart for each measure, above each other, and one run of columns to point at over all of them. */
function timeline({ frames, connections }: Summary): string {
  const columns = columnsOf(frames);
  const hasLines = frames.some(({ receivedMessages }) => receivedMessages > 0);
  const shown = [hasLines ? LINES : READS, ...MEASURES].filter(
    ({ isAlways, of }) => isAlways === true || frames.some((frame) => of(frame) > 0),
  );
  return `<p class="small">Each column is ${columns.width === 1 ? "one frame" : `${columns.width} frames, with the most of one of them`}. Point at it for its numbers.</p>
<div class="timeline">
${shown.map((measure) => chart(measure, columns)).join("\n")}
${pointers(columns, shown, connections)}
</div>
${axis(frames)}`;
}

function chart({ title, of }: Measure, { all }: Columns): string {
  const values = all.map((frames) => most(frames, of));
  const highest = most(values, (value) => value);
  const bars = values.map((value, at) => {
    const height = value === 0 ? 0 : Math.max(LEAST_HEIGHT, (value / highest) * HEIGHT);
    return value === 0 ? "" : `M${at} ${HEIGHT}v-${height.toFixed(1)}h1V${HEIGHT}`;
  });
  return `<figure><figcaption>${title} in a frame: at most ${highest}</figcaption>
<svg viewBox="0 0 ${all.length} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title}"><path d="${bars.join("")}"/></svg></figure>`;
}

/** What is said of a column when it is pointed at. */
function pointers(
  { all }: Columns,
  shown: readonly Measure[],
  connections: readonly ConnectionSummary[],
): string {
  const ends = new Map<number, ConnectionSummary[]>();
  for (const one of connections) {
    const others = ends.get(one.closedIn);
    if (others === undefined) ends.set(one.closedIn, [one]);
    else others.push(one);
  }
  const startMs = all[0]?.[0]?.nowMs ?? 0;
  const columns = all.map((frames, at) => {
    const [first, last] = [frames[0]?.frame ?? 0, frames.at(-1)?.frame ?? 0];
    const which = first === last ? `frame ${first}` : `frames ${first} to ${last}`;
    const numbers = shown.map((measure) => `${measure.title}: ${most(frames, measure.of)}`);
    const closed = frames.flatMap(({ frame }) => ends.get(frame) ?? []);
    const why = closed
      .filter((_, at) => at < MOST_ENDS)
      .map(({ connection, reason }) => `${connection} closed, ${reason?.kind}: ${reason?.message}`);
    const more = closed.length > MOST_ENDS ? [`and ${closed.length - MOST_ENDS} more`] : [];
    const when = `${which}, ${seconds((frames[0]?.nowMs ?? 0) - startMs)}`;
    const text = [when, ...numbers, ...why, ...more].map(escaped).join("\n");
    return `<rect x="${at}" width="1" height="1"><title>${text}</title></rect>`;
  });
  return `<svg class="pointers" viewBox="0 0 ${all.length} 1" preserveAspectRatio="none">${columns.join("")}</svg>`;
}

/** Some frames below the charts, and their times. */
function axis(frames: readonly FrameSummary[]): string {
  const startMs = frames[0]?.nowMs ?? 0;
  const places = new Set([0, 0.25, 0.5, 0.75, 1].map((part) => Math.round(part * (frames.length - 1))));
  const marks = [...places].map((at) => {
    const { frame, nowMs } = frames[at] as FrameSummary;
    return `<span>frame ${frame}<br>${seconds(nowMs - startMs)}</span>`;
  });
  return `<div class="axis small">${marks.join("")}</div>`;
}

/** A table of connections, each with its time as a bar. */
function lives(connections: readonly ConnectionSummary[], frames: number): string {
  const shown = connections.filter((_, at) => at < MOST_ROWS);
  const rows = shown.map((one) => {
    const { connection, isAccepted, remote, openedIn, closedIn, reason, receivedBytes, sentBytes } = one;
    const why = reason === undefined ? "" : reasonText(reason);
    const cells = [connection, `${isAccepted ? "from" : "to"} ${escaped(remote)}`, openedIn || "–"];
    return `<tr><td>${cells.join("<td>")}<td>${closedIn || "–"}<td>${receivedBytes}<td>${sentBytes}<td>${escaped(why)}<td>${lifeOf(one, frames)}`;
  });
  const left = connections.length - rows.length;
  return `<div class="wide"><table><tr><th>no.<th>peer<th>opened in<th>closed in<th>received<th>sent<th>why it ended<th>${frames === 0 ? "no frame" : `frames 1 to ${frames}`}
${rows.join("\n")}</table></div>${left > 0 ? `<p class="small">and ${left} more</p>` : ""}`;
}

/** The bar of a connection, inside of its cell also where no frame has seen its end. */
function lifeOf({ openedIn, closedIn }: ConnectionSummary, frames: number): string {
  if (openedIn === 0) return "never open";
  if (openedIn > frames) return "after the last frame";
  const until = closedIn === 0 ? frames + 1 : Math.min(closedIn, frames + 1);
  const left = Math.min(LAST_PERCENT, ((openedIn - 1) / frames) * 100);
  const width = Math.max(100 - LAST_PERCENT, ((until - openedIn) / frames) * 100);
  return `<div class="life" style="margin-left:${left.toFixed(2)}%;width:${width.toFixed(2)}%"></div>`;
}

/** The highest of many: more of them than a call takes arguments. */
function most<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((highest, item) => Math.max(highest, of(item)), 0);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

function escaped(text: string): string {
  return text
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\uFFFD")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** What is drawn of each frame. */
interface Measure {
  readonly title: string;
  readonly of: (frame: FrameCounts) => number;
  /** Whether it is drawn where it is never above 0, too. */
  readonly isAlways?: boolean;
}

const LINES: Measure = { title: "Lines received", of: ({ receivedMessages }) => receivedMessages };
/** Where the codec does not end messages by a line break. */
const READS: Measure = { title: "Reads", of: ({ reads }) => reads };
const MEASURES: readonly Measure[] = [
  { title: "Bytes received", of: ({ receivedBytes }) => receivedBytes, isAlways: true },
  { title: "Bytes sent", of: ({ sentBytes }) => sentBytes, isAlways: true },
  { title: "Longest round trip that was measured, in ms,", of: ({ rttMs }) => Math.round(rttMs) },
  { title: "Connections opened", of: ({ joins }) => joins },
  { title: "Sessions that lost their line", of: ({ outages }) => outages },
  { title: "Connections closed", of: ({ closes }) => closes },
];

const MOST_COLUMNS = 1_000;
const MOST_ROWS = 1_000;
const MOST_ENDS = 5;
const HEIGHT = 60;
/** A value that is not 0 is seen. */
const LEAST_HEIGHT = 1.5;
/** Where the shortest bar of all begins at the latest. */
const LAST_PERCENT = 99.5;
