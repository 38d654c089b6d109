import { describe, expect, test } from "vitest";
import { readAngle, readCorners, sidesOf, squareCorners, stepBeside, stepTo } from "./corners";
import { planeAt } from "./crs";

const JILIN = [126.55, 43.85];

describe("corners that are typed", () => {
  test.each([
    "4857302.8046 544224.4209",
    "544224.4209 4857302.8046",
    "J1 4857302.8046 544224.4209",
    "J1,1,4857302.8046,42544224.4209",
    "12 4857302.8046 544224.4209 201.35",
    "Ｊ１，１，４８５７３０２．８０４６，４２５４４２２４．４２０９",
    "4860074.5972 22302997.931",
    "4857302.8046;544224.4209",
  ])("%s is one place in 3° zones", (line) => {
    const { corners, fault } = readCorners(line, "gk3", JILIN);
    expect(fault).toBeNull();
    expect(corners).toEqual([[126.55, 43.85]]);
  });

  test("metres are metres and degrees are degrees, whatever is chosen", () => {
    expect(readCorners("4857302.8046 42544224.4209", "degrees", JILIN).corners).toEqual([[126.55, 43.85]]);
    expect(readCorners("126.55 43.85", "gk3_zone", JILIN).corners).toEqual([[126.55, 43.85]]);
  });

  test.each(["126.55 43.85", "43.85, 126.55", "126°33′00″ 43°51′00″", "126-33-0 43-51-0"])(
    "%s is one place in degrees",
    (line) => {
      expect(readCorners(line, "degrees", JILIN).corners).toEqual([[126.55, 43.85]]);
    },
  );

  test("several lines are several corners, blank ones none", () => {
    const { corners } = readCorners("J1 4857302.8046 544224.4209\n\nJ2 4857312.8046 544224.4209\r\n", "gk3", JILIN);
    expect(corners).toHaveLength(2);
  });

  test.each([
    ["", "没有坐标"],
    ["4857302.8", "第 1 行"],
    ["4857302.8 544224.4\nabc def", "第 2 行“abc def”"],
    ["4857302.8 54422400000.4", "第 1 行"],
    ["4857302.8 38428285.9", "超过 5°"],
    ["1e5 5", "第 1 行"],
  ])("%s is refused with its line", (text, told) => {
    const { corners, fault } = readCorners(text, "gk3", JILIN);
    expect(corners).toEqual([]);
    expect(fault?.zh).toContain(told);
    expect(fault?.en).not.toBe("");
  });

  test("angles are decimal or sexagesimal", () => {
    expect(readAngle("90.5")).toBe(90.5);
    expect(readAngle("90°30′")).toBe(90.5);
    expect(readAngle("90°30′18″")).toBeCloseTo(90.505, 9);
    expect(readAngle("90度30分18秒")).toBeCloseTo(90.505, 9);
    expect(readAngle("90-30-18.0")).toBeCloseTo(90.505, 9);
    expect(readAngle("90-61-0")).toBeNull();
    expect(readAngle("north")).toBeNull();
  });
});

describe("steps and sides", () => {
  const first = readCorners("4857302.8046 544224.4209", "gk3", JILIN).corners[0] ?? [];
  const second = stepTo(first, 20, 90, "gk3");

  test("a distance and a bearing lead east in the plane", () => {
    const [north, east] = planeAt("gk3", JILIN).toPlane(second);
    expect(north).toBeCloseTo(4857302.8046, 2);
    expect(east).toBeCloseTo(544244.4209, 2);
  });

  test("along and beside the last side: right is to the south of one that leads east", () => {
    const third = stepBeside(first, second, 0, 10, "gk3");
    const [north, east] = planeAt("gk3", JILIN).toPlane(third);
    expect(north).toBeCloseTo(4857292.8046, 2);
    expect(east).toBeCloseTo(544244.4209, 2);
    const [side] = sidesOf([second, third, first], "gk3");
    expect(side?.length_m).toBeCloseTo(10, 2);
    expect(side?.bearing_deg).toBeCloseTo(180, 1);
  });

  test("corners nearly at right angles are made so, where the building stands, whatever its direction", () => {
    const shape: [number, number][] = [
      [0, 0],
      [30.2, 0.3],
      [30, 12.1],
      [14.8, 12],
      [15.1, 20],
      [-0.1, 19.8],
    ];
    for (const turn of [0, 33, 46, 120]) {
      const [c, s] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
      const plane = planeAt("gk3", JILIN);
      const ring = shape.map(([x, y]) => plane.fromPlane(4857300 + x * s + y * c, 544220 + x * c - y * s));
      const squared = squareCorners(ring, "gk3");
      expect(squared?.moved_m).toBeLessThan(0.4);
      const sides = sidesOf(squared?.corners ?? [], "gk3");
      for (const [index, { bearing_deg }] of sides.entries()) {
        const next = sides[(index + 1) % sides.length];
        const angle = ((next?.bearing_deg ?? 0) - bearing_deg + 360) % 90;
        expect(Math.min(angle, 90 - angle)).toBeLessThan(0.02);
      }
    }
  });

  test("a triangle has no right angles to be made", () => {
    expect(squareCorners([first, second, stepTo(first, 20, 45, "gk3")], "gk3")).toBeNull();
  });
});
