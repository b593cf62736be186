/**
 * The chart: for each work a group of bars, one per contestant, each as long as
 * its cost is beside the plain server's, on a logarithmic scale whose middle
 * line is that server. SVG without scripts, fonts or links of its own.
 */
import type { Work } from "../works.ts";
import type { FigureName } from "./figures.ts";
import type { Rows } from "./rows.ts";

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

/** What the chart shows of the results: one cost of each work. */
export function barsOf(works: readonly Work[], rows: Rows): Group[] {
  return CHARTED.flatMap(({ work: name, figure, what }) => {
    const work = works.find((one) => one.name === name);
    const bars = (["tcp", "websocket", "tuned", "ws", "python"] as const).flatMap((of): Bar[] => {
      const ratio = rows.compared(name, { figure, of, against: { contestant: "plain" } })?.median;
      return ratio === undefined || !(ratio > 0)
        ? []
        : [{ name: LABELS[of], ratio, isTickwire: of === "tcp" || of === "websocket" }];
    });
    return work === undefined || bars.length === 0 ? [] : [{ title: `${work.title}: ${what}`, bars }];
  });
}

/** The chart as SVG. */
export function chart(groups: readonly Group[], theme: "light" | "dark"): string {
  const { text, faint, line, accent, other } = COLOURS[theme];
  const parts: string[] = [];
  let y = TOP;
  for (const { title, bars } of groups) {
    parts.push(label(LEFT, y + 10, title, text, "start"));
    y += TITLE_HEIGHT;
    for (const { name, ratio, isTickwire } of bars) {
      const [from, to] = [xOf(1), xOf(ratio)];
      const middle = y + BAR_HEIGHT / 2 + 4;
      parts.push(
        label(PLOT_LEFT - 10, middle, name, isTickwire ? text : faint, "end", isTickwire),
        `<rect x="${round(Math.min(from, to))}" y="${y}" width="${round(Math.max(1, Math.abs(to - from)))}" ` +
          `height="${BAR_HEIGHT}" rx="2" fill="${isTickwire ? accent : other}"/>`,
        ratio < 1
          ? label(to - 6, middle, formatRatio(ratio), isTickwire ? text : faint, "end", isTickwire)
          : label(to + 6, middle, formatRatio(ratio), isTickwire ? text : faint, "start", isTickwire),
      );
      y += BAR_HEIGHT + BAR_GAP;
    }
    y += GROUP_GAP;
  }
  const grid = TICKS.map((tick) => {
    const x = round(xOf(tick));
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
    `<title>${escaped(TITLE)}</title>`,
    `<text x="${LEFT}" y="22" fill="${text}" font-size="15" font-weight="600">${escaped(TITLE)}</text>`,
    label(LEFT, 42, SUBTITLE, faint, "start"),
    ...grid,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

/** By equal factors; what is outside stands at the edge. */
function xOf(ratio: number): number {
  const [low, high] = [Math.log10(LEAST), Math.log10(MOST)];
  const part = (Math.log10(Math.min(MOST, Math.max(LEAST, ratio))) - low) / (high - low);
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

function formatRatio(ratio: number): string {
  if (ratio < LEAST) return `◂ ${ratio.toFixed(4)}`;
  if (ratio > MOST) return `${ratio.toFixed(0)} ▸`;
  return ratio >= 10 ? ratio.toFixed(0) : ratio.toPrecision(2);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** What each work is shown by: the cost that it is about. */
const CHARTED: readonly { readonly work: string; readonly figure: FigureName; readonly what: string }[] = [
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
];

const LABELS = {
  tcp: "tickwire",
  websocket: "on WebSocket",
  tuned: "tuned by hand",
  ws: "ws",
  python: "Python",
} as const;

const TITLE = "What a server pays, beside one that people write by hand";
const SUBTITLE =
  "1 is a plain node:net server at the same work in the same run. Bars to the left cost less, to the right more; logarithmic.";
/** The ends of the scale. What is less is next to nothing. */
const LEAST = 0.001;
const MOST = 100;
const TICKS = [0.001, 0.01, 0.1, 1, 10, 100];
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
