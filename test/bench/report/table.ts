/**
 * The tables: one of what was expected, and one for each work with all its
 * contestants and figures. A figure is the median of the rounds; a ratio is
 * taken within each round.
 */
import { CONTESTANTS, type ContestantName, type Expectation, type Work } from "../works.ts";
import { FIGURES, type FigureName, formatFigure } from "./figures.ts";
import { isMet, type Rows } from "./rows.ts";
import type { Spread } from "./statistics.ts";

/** Every expectation, what came of it, and the verdict. */
export function summary(works: readonly Work[], rows: Rows): string[] {
  return [
    "| work | figure | tickwire | beside | ratio | expected | |",
    "|---|---|--:|--:|--:|--:|---|",
    ...works.flatMap((work) => work.expected.map((expected) => summaryRow(work, expected, rows))),
  ];
}

/** All figures of all works. */
export function details(works: readonly Work[], rows: Rows): string[] {
  return works.flatMap((work) => [
    `## ${work.title}`,
    "",
    `\`npm run bench -- --only ${work.name}\``,
    "",
    ...workTable(work, rows),
    "",
    ...(work.note === undefined ? [] : [work.note, ""]),
  ]);
}

/** `0.42 (0.40–0.44)`; small ratios with more digits. */
export function formatSpread({ median, least, most }: Spread): string {
  const digits = Math.abs(median) < 0.1 ? 3 : 2;
  const [middle, low, high] = [median, least, most].map((value) => value.toFixed(digits));
  return low === high ? `${middle}` : `${middle} (${low}–${high})`;
}

function summaryRow(work: Work, expected: Expectation, rows: Rows): string {
  const { of, against, compare = "ratio", atMost, atLeast } = expected;
  const figure = FIGURES[expected.figure];
  const measured = rows.compared(work.name, expected);
  const show = (name: ContestantName, workName: string) =>
    formatFigure(figure, rows.figure(workName, name, expected.figure)?.median);
  const bound = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
  const met = isMet(expected, measured);
  const isInvalid =
    rows.isInvalid(work.name, of) ||
    (against !== undefined && rows.isInvalid(against.work ?? work.name, against.contestant));
  const verdict =
    met === undefined ? "not measured" : `${met ? "met" : "**missed**"}${isInvalid ? " †" : ""}`;
  const spread = measured === undefined ? "–" : formatSpread(measured);
  const cells = [
    work.title,
    figure.title,
    of === "tcp" ? show(of, work.name) : `${show(of, work.name)} (${of})`,
    against === undefined
      ? ""
      : `${show(against.contestant, against.work ?? work.name)} (${againstName(against)})`,
    compare === "ratio" ? spread : compare === "difference" ? `${spread} ${figure.unit} more` : spread,
    compare === "ratio" ? bound : `${bound} ${figure.unit}`,
    verdict,
  ];
  return `| ${cells.join(" | ")} |`;
}

function againstName({ contestant, work }: NonNullable<Expectation["against"]>): string {
  return work === undefined ? contestant : `${contestant}, ${work}`;
}

function workTable({ name, figures, contestants }: Work, rows: Rows): string[] {
  const present = contestants.filter((contestant) => rows.of(name, contestant).length > 0);
  const shown = [...figures, ...LOAD_FIGURES].filter((figure) =>
    present.some((one) => rows.figure(name, one, figure) !== undefined),
  );
  return [
    `| | ${shown.map((figure) => FIGURES[figure].title).join(" | ")} |`,
    `|---|${"--:|".repeat(shown.length)}`,
    ...present.map((contestant) => {
      const cells = shown.map((figure) => cell(name, contestant, figure, rows));
      const mark = rows.isInvalid(name, contestant) ? " †" : "";
      return `| ${[CONTESTANTS[contestant].title + mark, ...cells].join(" | ")} |`;
    }),
  ];
}

/** The median, and its ratio to the plain server's. */
function cell(work: string, of: ContestantName, figure: FigureName, rows: Rows): string {
  const text = formatFigure(FIGURES[figure], rows.figure(work, of, figure)?.median);
  const against = { contestant: of.endsWith(" records") ? "plain records" : "plain" } as const;
  const others = rows.figure(work, against.contestant, figure);
  const isComparable = FIGURES[figure].isCompared === true && others !== undefined && others.least > 0;
  if (of === against.contestant || !isComparable) return text;
  const ratio = rows.compared(work, { figure, of, against });
  return ratio === undefined ? text : `${text}<br>× ${formatSpread(ratio)}`;
}

/** Shown with every work: how one sees that the load was not what was measured. */
const LOAD_FIGURES: readonly FigureName[] = ["loadCpu", "loadLate"];
