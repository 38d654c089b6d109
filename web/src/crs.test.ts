import { describe, expect, test } from "vitest";
import { planeAt, planeOfEasting, systemsAt, writePlace, type System } from "./crs";

// made with PROJ: longitude, latitude, then northing and easting in the CRS of the EPSG dataset
const PLACES: [System, number, number, string, number, number][] = [
  ["gk3", 126.55, 43.85, "EPSG:4551", 4857302.8046, 544224.4209],
  ["gk3_zone", 126.55, 43.85, "EPSG:4530", 4857302.8046, 42544224.4209],
  ["gk6", 126.55, 43.85, "EPSG:4511", 4860074.5972, 302997.931],
  ["gk6_zone", 126.55, 43.85, "EPSG:4500", 4860074.5972, 22302997.931],
  ["gk3", 113.3, 23.1, "EPSG:4547", 2555783.9288, 428285.9562],
  ["gk3_zone", 113.3, 23.1, "EPSG:4526", 2555783.9288, 38428285.9562],
  ["gk6_zone", 75.9, 39.4, "EPSG:4491", 4363298.1901, 13577523.5161],
  ["gk3", 134.7, 48.3, "EPSG:4554", 5351829.074, 477742.51],
  ["utm", 9.52, 47.14, "EPSG:32632", 5220853.152, 539429.876],
  ["utm", 151.2, -33.9, "EPSG:32756", 6247473.3368, 333568.941],
];

describe("planes", () => {
  test.each(PLACES)("%s at %d, %d is %s as PROJ has it", (system, lon, lat, name, north, east) => {
    const plane = planeAt(system, [lon, lat]);
    expect(plane.name).toBe(name);
    const [n, e] = plane.toPlane([lon, lat]);
    expect(Math.hypot(n - north, e - east)).toBeLessThan(1e-3);
    const [backLon = 0, backLat = 0] = plane.fromPlane(n, e);
    expect(Math.hypot(backLon - lon, backLat - lat)).toBeLessThan(1e-10);
  });

  test("the zone that is stated before an easting tells the plane", () => {
    expect(planeOfEasting(42544224.4209)?.name).toBe("EPSG:4530");
    expect(planeOfEasting(21302974.9)?.name).toBe("EPSG:4499");
    for (const east of [544224, 24500000, 46500000]) expect(planeOfEasting(east)).toBeNull();
  });

  test("degrees are told to eight places, metres to three, also where no Gauss–Krüger zone is", () => {
    expect(writePlace("degrees", [126.55, 43.85])).toEqual(["126.55000000", "43.85000000"]);
    expect(writePlace("gk3_zone", [126.55, 43.85])).toEqual(["4857302.805", "42544224.421"]);
    expect(systemsAt([9.52, 47.14])).toEqual(["degrees", "utm"]);
    expect(planeAt("degrees", [9.52, 47.14]).name).toBe("EPSG:32632");
  });
});
