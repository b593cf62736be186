/** The frame clock of all that is measured, the same for each contestant. */

/**
 * Calls `frame` at a fixed rate that does not drift; frames that are late by
 * more than one are left out. Where it may hurry it does not rest between
 * frames: the warm-up so shows the compiler in a second what a game shows it in
 * minutes.
 */
export function runFrames(rateHz: number, mayHurry: () => boolean, frame: () => void): void {
  const periodMs = 1_000 / rateHz;
  let dueMs = performance.now();
  const tick = () => {
    frame();
    const nowMs = performance.now();
    dueMs = mayHurry() ? nowMs : Math.max(dueMs + periodMs, nowMs - periodMs);
    const restMs = dueMs - nowMs;
    if (restMs < 1 || mayHurry()) setImmediate(tick);
    else setTimeout(tick, restMs);
  };
  tick();
}
