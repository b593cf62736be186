/** What the program needs of a view: it is shown each frame, and gives back what it took. */
import type { Frame } from "../../../src/index.ts";
import type { Pane } from "../local-peers.ts";

/** A way to look at peers. It reads, and never changes anything but its own output. */
export interface View {
  show(frame: Frame, panes: readonly Pane[]): void;
  /** Leaves the terminal as it was. May be called more than once. */
  close(): void;
}
