/** What may be dropped on the page, by what it is for (docs/formats.md). */

import type { Bilingual } from "./contract";

export const FORMAT_GROUPS: readonly { label: Bilingual; names: readonly string[] }[] = [
  {
    label: { zh: "地理数据", en: "GIS" },
    names: [
      "Shapefile",
      "GeoPackage",
      "FileGDB",
      "GeoJSON",
      "GeoJSONSeq",
      "JSON-FG",
      "FlatGeobuf",
      "GeoParquet",
      "KML",
      "GML",
    ],
  },
  { label: { zh: "图纸", en: "Drawings" }, names: ["DXF", "DWG"] },
  { label: { zh: "坐标", en: "Coordinates" }, names: ["TXT(界址点)", "CASS .dat", "CSV", "Excel"] },
  { label: { zh: "模型", en: "Models" }, names: ["CityJSON", "IFC"] },
];
