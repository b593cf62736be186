/** The colours, as the style sheet has them: one place for the page and for what is drawn in it. */

/** What is drawn on the canvas, as CSS colours. */
export interface Theme {
  readonly sky: string;
  readonly ground: string;
  readonly line: string;
  readonly ink: string;
  readonly faint: string;
  readonly spark: string;
  readonly veil: string;
  /** By the number of a process of worlds or a gateway: never the only sign. */
  readonly worlds: readonly string[];
  readonly gateways: readonly string[];
}

/** The colours at this moment. */
export function readTheme(page: Window): Theme {
  const style = page.getComputedStyle(page.document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const four = (name: string): readonly string[] => [1, 2, 3, 4].map((number) => colour(`${name}-${number}`));
  return {
    sky: colour("sky"),
    ground: colour("ground"),
    line: colour("line"),
    ink: colour("ink"),
    faint: colour("faint"),
    spark: colour("spark"),
    veil: colour("veil"),
    worlds: four("world"),
    gateways: four("gateway"),
  };
}

/** Calls back with the colours whenever the system changes between light and dark. */
export function onThemeChange(page: Window, changed: (theme: Theme) => void): void {
  page.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => changed(readTheme(page)));
}

/** The colour of a process whose name ends in its number. */
export function colourOf(colours: readonly string[], name: string | undefined): string | undefined {
  const number = Number(/-(\d+)$/.exec(name ?? "")?.[1]);
  return colours[(number - 1) % colours.length];
}
