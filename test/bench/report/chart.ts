/**
 * The charts: for each work a group of bars, one per contestant, each as long as
 * its cost is beside the plain server's, on a logarithmic scale with a line for
 * that server. SVG without scripts, fonts or links of its own.
 */
import { CONTESTANTS, type ContestantName, type Work } from "../works.ts";
import type { FigureName } from "./figures.ts";
import type { Rows } from "./rows.ts";

/** One chart: what it is about, and who is in it. */
export interface Chart {
  /** The beginning of its files' names. */
  readonly name: string;
  readonly title: string;
  readonly subtitle: string;
  /** By how they are called in it, in the order of the bars. */
  readonly contestants: Readonly<Partial<Record<ContestantName, string>>>;
  /** What each work is shown by: the cost that it is about. */
  readonly costs: readonly { readonly work: string; readonly figure: FigureName; readonly what: string }[];
  /** The ends of the scale, powers of ten. What is less is next to nothing. */
  readonly scale: Scale;
}

type Scale = readonly [least: number, most: number];

/** The bars of one work. */
export interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface Bar {
  readonly name: string;
  /** The cost beside the plain server's: below 1 is less. */
  readonly ratio: number;
  readonly isTickwire: boolean;
}

/** What a chart shows of the results. */
export function barsOf({ contestants, costs }: Chart, works: readonly Work[], rows: Rows): Group[] {
  return costs.flatMap(({ work: name, figure, what }) => {
    const work = works.find((one) => one.name === name);
    const bars = Object.entries(contestants).flatMap(([contestant, label]): Bar[] => {
      const of = contestant as ContestantName;
      const ratio = rows.compared(name, { figure, of, against: { contestant: "plain" } })?.median;
      if (ratio === undefined || !(ratio > 0)) return [];
      return [{ name: label, ratio, isTickwire: CONTESTANTS[of].program.startsWith("tickwire") }];
    });
    return work === undefined || bars.length === 0 ? [] : [{ title: `${work.title}: ${what}`, bars }];
  });
}

/** A chart as SVG. */
export function svgOf({ title, subtitle, scale }: Chart, groups: readonly Group[], theme: Theme): string {
  const { text, faint, line } = COLOURS[theme];
  const parts: string[] = [];
  let y = TOP;
  for (const group of groups) {
    parts.push(label(LEFT, y + 10, group.title, text, "start"));
    y += TITLE_HEIGHT;
    for (const bar of group.bars) {
      parts.push(...drawn(bar, y, scale, theme));
      y += BAR_HEIGHT + BAR_GAP;
    }
    y += GROUP_GAP;
  }
  const grid = ticksOf(scale).map((tick) => {
    const x = round(xOf(tick, scale));
    const width = tick === 1 ? 1.5 : 0.5;
    return (
      `<line x1="${x}" y1="${TOP - 8}" x2="${x}" y2="${y - 4}" stroke="${tick === 1 ? faint : line}" stroke-width="${width}"/>` +
      label(x, TOP - 16, `${tick}`, faint, "middle")
    );
  });
  const height = y + 8;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
      `font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" font-size="12" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<text x="${LEFT}" y="22" fill="${text}" font-size="15" font-weight="600">${escaped(title)}</text>`,
    label(LEFT, 42, subtitle, faint, "start"),
    ...grid,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

/** A bar, from the plain server's line, with its name and its ratio. */
function drawn({ name, ratio, isTickwire }: Bar, y: number, scale: Scale, theme: Theme): string[] {
  const { text, faint, accent, other } = COLOURS[theme];
  const [from, to] = [xOf(1, scale), xOf(ratio, scale)];
  const middle = y + BAR_HEIGHT / 2 + 4;
  const colour = isTickwire ? text : faint;
  const shown = formatRatio(ratio, scale);
  return [
    label(PLOT_LEFT - 10, middle, name, colour, "end", isTickwire),
    `<rect x="${round(Math.min(from, to))}" y="${y}" width="${round(Math.max(1, Math.abs(to - from)))}" ` +
      `height="${BAR_HEIGHT}" rx="2" fill="${isTickwire ? accent : other}"/>`,
    ratio < 1
      ? label(to - 6, middle, shown, colour, "end", isTickwire)
      : label(to + 6, middle, shown, colour, "start", isTickwire),
  ];
}

/** By equal factors; what is outside stands at the edge. */
function xOf(ratio: number, [least, most]: Scale): number {
  const [low, high] = [Math.log10(least), Math.log10(most)];
  const part = (Math.log10(Math.min(most, Math.max(least, ratio))) - low) / (high - low);
  return PLOT_LEFT + NUMBER_WIDTH + part * (WIDTH - PLOT_LEFT - 2 * NUMBER_WIDTH);
}

function label(
  x: number,
  y: number,
  text: string,
  fill: string,
  anchor: "start" | "middle" | "end",
  isBold = false,
): string {
  const weight = isBold ? ' font-weight="600"' : "";
  return `<text x="${round(x)}" y="${round(y)}" fill="${fill}" text-anchor="${anchor}"${weight}>${escaped(text)}</text>`;
}

function ticksOf([least, most]: Scale): number[] {
  const ticks: number[] = [];
  for (let power = Math.log10(least); power <= Math.log10(most); power++) ticks.push(Number(`1e${power}`));
  return ticks;
}

function formatRatio(ratio: number, [least, most]: Scale): string {
  if (ratio < least) return `◂ ${ratio.toFixed(4)}`;
  if (ratio > most) return `${ratio.toFixed(0)} ▸`;
  return ratio >= 10 ? ratio.toFixed(0) : ratio.toPrecision(2);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

const SUBTITLE =
  "1 is a plain node:net server at the same work in the same run. Bars to the left cost less, to the right more; logarithmic.";

/** The charts of a whole run. */
export const CHARTS: readonly Chart[] = [
  {
    name: "chart",
    title: "What a server pays, beside one that people write by hand",
    subtitle: SUBTITLE,
    contestants: {
      tcp: "tickwire",
      "native tcp": "native",
      threaded: "threaded",
      "threaded native": "threaded native",
      websocket: "on WebSocket",
      tuned: "tuned by hand",
      ws: "ws",
      python: "Python",
      epoll: "C, epoll",
    },
    costs: [
      { work: "idle-1000", figure: "hotFrame", what: "time of a frame" },
      { work: "idle-10000", figure: "hotFrame", what: "time of a frame" },
      { work: "lines-1000x1", figure: "cpuPerMessage", what: "CPU" },
      { work: "lines-100x50", figure: "cpuPerMessage", what: "CPU" },
      { work: "broadcast-500x4", figure: "cpuPerMessage", what: "CPU" },
      { work: "everyone-100", figure: "cpuPerMessage", what: "CPU" },
      { work: "firehose", figure: "cpuPerMessage", what: "CPU per line" },
      { work: "firehose-4000", figure: "peak", what: "peak memory" },
      { work: "churn", figure: "cpuPerConnection", what: "CPU" },
      { work: "ping-pong", figure: "roundTripP50", what: "time" },
    ],
    scale: [0.001, 100],
  },
  {
    name: "game-thread",
    title: "What the game's thread pays, beside one that people write by hand",
    subtitle: SUBTITLE,
    contestants: {
      tcp: "tickwire",
      "native tcp": "native",
      threaded: "threaded",
      "threaded native": "threaded native",
      websocket: "on WebSocket",
      "threaded websocket": "and threaded",
      tuned: "tuned by hand",
      ws: "ws",
    },
    costs: ["lines-1000x1", "lines-100x50", "broadcast-500x4", "everyone-100"].map((work) => ({
      work,
      figure: "gamePerMessage",
      what: "CPU of the game's thread",
    })),
    scale: [0.01, 10],
  },
];

export type Theme = "light" | "dark";

const WIDTH = 860;
const LEFT = 16;
const PLOT_LEFT = 130;
const NUMBER_WIDTH = 66;
const TOP = 84;
const TITLE_HEIGHT = 18;
const BAR_HEIGHT = 12;
const BAR_GAP = 4;
const GROUP_GAP = 14;
const COLOURS = {
  light: { text: "#1f2328", faint: "#656d76", line: "#d0d7de", accent: "#0969da", other: "#afb8c1" },
  dark: { text: "#e6edf3", faint: "#8d96a0", line: "#30363d", accent: "#4493f8", other: "#6e7681" },
} as const;
