/**
 * The cube, as it is seen: a body with round edges, and under it what tells how
 * high it is: a line down to the ground and a ring where it meets it.
 */
import {
  BufferGeometry,
  Float32BufferAttribute,
  Group,
  Line,
  LineBasicMaterial,
  Mesh,
  MeshBasicMaterial,
  MeshPhysicalMaterial,
  RingGeometry,
} from "three";
import { RoundedBoxGeometry } from "three/addons/geometries/RoundedBoxGeometry.js";
import type { Vector } from "../../shared/world.ts";
import type { Theme } from "../theme.ts";
import { GROUND_Y } from "./ground.ts";

/** The cube and its plumb line, as a thing to put into a scene. */
export class CubeView {
  readonly object: Group = new Group();

  readonly #body = new Mesh(
    new RoundedBoxGeometry(4, 4, 4, 5, 0.42),
    new MeshPhysicalMaterial({ roughness: 0.42, metalness: 0, clearcoat: 0.35, clearcoatRoughness: 0.35 }),
  );
  readonly #plumb = new Line(
    new BufferGeometry().setAttribute("position", new Float32BufferAttribute([0, 0, 0, 0, 1, 0], 3)),
    new LineBasicMaterial({ transparent: true, opacity: 0.55 }),
  );
  readonly #ring = new Mesh(
    new RingGeometry(0.34, 0.46, 40).rotateX(-Math.PI / 2),
    new MeshBasicMaterial({ transparent: true, opacity: 0.75, depthWrite: false }),
  );
  #place: Vector | undefined;

  constructor() {
    this.#body.castShadow = true;
    this.#ring.renderOrder = 2;
    this.object.add(this.#body, this.#plumb, this.#ring);
  }

  paint(theme: Theme): void {
    this.#body.material.color.set(theme.accent);
    this.#plumb.material.color.set(theme.accent);
    this.#ring.material.color.set(theme.accent);
  }

  /** Answers whether it was somewhere else before. */
  moveTo(place: Vector): boolean {
    if (place === this.#place) return false;
    this.#place = place;
    const [x, y, z] = place;
    this.#body.position.set(x, y, z);
    this.#plumb.position.set(x, GROUND_Y, z);
    this.#plumb.scale.y = y - GROUND_Y;
    this.#ring.position.set(x, GROUND_Y + 0.02, z);
    return true;
  }
}
