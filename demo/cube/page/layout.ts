/**
 * The window's parts: how large it is, and which part of it the panel and the
 * controls leave free for the world. The style sheet places them; this measures.
 */
import type { Insets } from "./scene/stage.ts";

/** What is told when the window or the panel changed its size. */
export type Measured = (width: number, height: number, pixelRatio: number, insets: Insets) => void;

/** Measures the window, and again whenever it changes. */
export function watchLayout(page: Window, panel: HTMLElement, touch: HTMLElement, tell: Measured): void {
  const measure = (): void => {
    const { innerWidth, innerHeight, devicePixelRatio } = page;
    tell(innerWidth, innerHeight, devicePixelRatio, insetsOf(page, panel, touch));
  };
  const observer = new ResizeObserver(measure);
  observer.observe(page.document.documentElement);
  observer.observe(panel);
  observer.observe(touch);
  watchPixelRatio(page, measure);
  measure();
}

/** On a wide window the details are always open; on a narrow one they are the reader's. */
export function watchDetails(page: Window, details: HTMLDetailsElement): void {
  const wide = page.matchMedia(WIDE);
  const follow = (): void => {
    details.open = wide.matches;
  };
  wide.addEventListener("change", follow);
  follow();
}

function insetsOf(page: Window, panel: HTMLElement, touch: HTMLElement): Insets {
  const { innerWidth: width, innerHeight: height } = page;
  const box = panel.getBoundingClientRect();
  const isSheet = box.width >= width;
  page.document.documentElement.style.setProperty("--sheet", isSheet ? `${box.height}px` : "0px");
  const controls = touch.offsetHeight;
  // A sheet across the window's foot, or a card in its corner.
  if (isSheet) return { left: 0, top: 0, right: 0, bottom: height - box.top + controls };
  const besideCard = width - box.right >= LEAST_WORLD_WIDTH;
  return { left: besideCard ? box.right : 0, top: 0, right: 0, bottom: controls };
}

/** There is no event for a window that moved to another screen, but a query that no longer holds. */
function watchPixelRatio(page: Window, changed: () => void): void {
  page.matchMedia(`(resolution: ${page.devicePixelRatio}dppx)`).addEventListener(
    "change",
    () => {
      changed();
      watchPixelRatio(page, changed);
    },
    { once: true },
  );
}

/** As in the style sheet. */
const WIDE = "(min-width: 641px)";
/** With less room than this beside the card, the world lies behind it. */
const LEAST_WORLD_WIDTH = 320;
