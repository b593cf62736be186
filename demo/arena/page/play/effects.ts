/**
 * What lasts for a moment: a spark that was taken bursts, and the player's own score
 * rises from it. Of looks alone; nothing of the game depends on it.
 */
import type { Place } from "../../shared/rules.ts";
import { type Camera, onCanvas } from "./camera.ts";
import type { Figure, Spark } from "./scene.ts";
import type { Theme } from "./theme.ts";

interface Burst extends Place {
  readonly bornMs: number;
  readonly isOwn: boolean;
}

/** The bursts of one picture. */
export class Effects {
  #bursts: Burst[] = [];
  #before = new Map<number, Spark>();

  draw(
    context: CanvasRenderingContext2D,
    picture: {
      camera: Camera;
      sparks: readonly Spark[];
      figures: readonly Figure[];
      nowMs: number;
      isCalm: boolean;
    },
    theme: Theme,
  ): void {
    const { camera, nowMs, isCalm } = picture;
    this.#note(picture.sparks, picture.figures, nowMs);
    this.#bursts = this.#bursts.filter(({ bornMs }) => nowMs - bornMs < LASTS_MS);
    for (const burst of this.#bursts) {
      const share = (nowMs - burst.bornMs) / LASTS_MS;
      const { x, y } = onCanvas(camera, burst);
      context.globalAlpha = 1 - share;
      if (!isCalm) {
        context.strokeStyle = theme.spark;
        context.lineWidth = 2;
        context.beginPath();
        context.arc(x, y, camera.scale * (0.5 + share * 1.8), 0, 2 * Math.PI);
        context.stroke();
      }
      if (burst.isOwn) {
        context.fillStyle = theme.ink;
        context.font = "600 15px system-ui, sans-serif";
        context.textAlign = "center";
        context.fillText("+1", x, y - camera.scale * (1 + share * 2));
      }
      context.globalAlpha = 1;
    }
  }

  #note(sparks: readonly Spark[], figures: readonly Figure[], nowMs: number): void {
    // A zone has so many sparks: the same number in another zone is another one.
    const now = new Map(sparks.map((spark) => [spark.id + Math.round(spark.x * 100) * 65_536, spark]));
    for (const [key, { x, y }] of this.#before) {
      if (now.has(key)) continue;
      let [nearest, least]: [Figure | undefined, number] = [undefined, NEAR];
      for (const figure of figures) {
        const distance = Math.hypot(figure.x - x, figure.y - y);
        if (distance < least) [nearest, least] = [figure, distance];
      }
      if (nearest !== undefined) this.#bursts.push({ x, y, bornMs: nowMs, isOwn: nearest.isSelf });
    }
    this.#before = now;
  }
}

const LASTS_MS = 600;
const NEAR = 3;
