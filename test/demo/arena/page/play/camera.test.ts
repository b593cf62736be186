/** Which part of the arena is on the screen. */
import { describe, expect, test } from "vitest";
import { cameraFor, onCanvas } from "../../../../../demo/arena/page/play/camera.ts";

const DESK = { left: 300, top: 16, width: 960, height: 700 };
const PHONE = { left: 0, top: 120, width: 390, height: 660 };

describe("the camera", () => {
  test("shows all of the arena where it fits, in the middle", () => {
    const camera = cameraFor(DESK, 2, { x: 3, y: 3 });
    expect(camera).toEqual(cameraFor(DESK, 2, { x: 70, y: 30 }));
    expect(onCanvas(camera, { x: 0, y: 0 }).x).toBe(300);
    expect(onCanvas(camera, { x: 80, y: 45 }).x).toBe(1_260);
  });

  test("follows the player on a phone, and stays in the arena", () => {
    for (const [x, at] of [
      [40, 195],
      [79, 375],
      [1, 15],
    ] as const) {
      const camera = cameraFor(PHONE, 2, { x, y: 20 });
      const found = onCanvas(camera, { x, y: 20 }).x;
      expect(Math.abs(found - at)).toBeLessThan(10);
    }
  });
});
