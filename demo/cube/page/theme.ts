/**
 * The colours, as the style sheet has them: one place for the page and for what
 * is drawn in it. Tells when the system's preference has changed them.
 */

/** What is drawn on canvases, as CSS colours. */
export interface Theme {
  readonly accent: string;
  readonly sky: string;
  readonly ground: string;
  readonly line: string;
  readonly shadow: string;
  readonly ink: string;
  readonly faint: string;
  readonly isDark: boolean;
}

/** The colours at this moment. */
export function readTheme(page: Window): Theme {
  const style = page.getComputedStyle(page.document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    accent: colour("accent"),
    sky: colour("sky"),
    ground: colour("ground"),
    line: colour("line"),
    shadow: colour("shadow"),
    ink: colour("ink"),
    faint: colour("faint"),
    isDark: page.matchMedia(DARK).matches,
  };
}

/** Calls back with the colours whenever the system changes between light and dark. */
export function onThemeChange(page: Window, changed: (theme: Theme) => void): void {
  page.matchMedia(DARK).addEventListener("change", () => changed(readTheme(page)));
}

const DARK = "(prefers-color-scheme: dark)";
