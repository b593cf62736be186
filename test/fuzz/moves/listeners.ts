/** How listeners come and go. */
import type { Goodbye } from "../../../src/index.ts";
import type { Game, Spot } from "../game.ts";

/** Closes a listener; the connections that the game has not accepted are reset, the others stay or are told a goodbye. */
export function closeListener(game: Game, { listener }: Spot, goodbye?: Goodbye): void {
  const its = game.ends.filter(
    ({ connection }) => (connection as { listener?: unknown }).listener === listener,
  );
  for (const end of its) {
    if (!end.isAccepted && listener.state !== "closed") end.noteClosed(true);
    if (goodbye !== undefined && listener.connections.has(end.connection)) end.noteClosed(false);
  }
  listener.close(goodbye);
  for (const end of its) end.noteSaid();
}
