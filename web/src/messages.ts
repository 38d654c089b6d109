/** Every text of the page, in both languages. Texts from the server come with their own pair. */

import type { Bilingual, Candidate, Certainty, Confidence, Outcome, Severity, UploadRow } from "./contract";
import type { Filter } from "./rows";

export type Language = "zh" | "en";

const MESSAGES = {
  title: { zh: "落图 · 一张蓝图", en: "Luotu · the one blueprint" },
  brand: { zh: "落图", en: "Luotu" },
  otherLanguage: { zh: "English", en: "中文" },
  otherLanguageLabel: { zh: "Switch to English", en: "切换为中文" },
  map: { zh: "地图", en: "Map" },
  panel: { zh: "查询与赋码", en: "Search and coding" },
  panelHeight: { zh: "调整面板高度", en: "Change the height of the panel" },
  zoomIn: { zh: "放大", en: "Zoom in" },
  zoomOut: { zh: "缩小", en: "Zoom out" },
  showAll: { zh: "显示全部范围", en: "Show everything" },
  position: { zh: "指针处的坐标", en: "Coordinates at the pointer" },
  mapLoading: { zh: "正在载入图面…", en: "Loading the map…" },
  loading: { zh: "正在读取…", en: "Loading…" },

  searchLabel: { zh: "编码、名称、地址或坐标", en: "Code, name, address or coordinates" },
  searchHint: { zh: "编码、单元号、项目、地址、坐标…", en: "Code, unit, project, address, coordinates…" },
  severalFound: { zh: "找到 {count} 幢，请选择：", en: "Found: {count} buildings. Choose one:" },
  moreFound: { zh: "另有 {count} 幢未列出，请写得更完整。", en: "{count} more are not listed; be more precise." },
  retired: { zh: "已注销", en: "closed" },
  awayFrom: { zh: "相距 {value}", en: "{value} away" },
  search: { zh: "查找", en: "Find" },
  didYouMean: { zh: "是不是：", en: "Did you mean" },

  draw: { zh: "画基底", en: "Draw footprint" },
  drawing: { zh: "正在画基底", en: "Drawing a footprint" },
  drawHelp: {
    zh: "逐个点击角点；再点第一个或最后一个角点，或按 Enter，即闭合。",
    en: "Click corner after corner; click the first or the last one again, or press Enter, to close.",
  },
  drawHelpTouch: {
    zh: "逐个轻触角点；再触第一个或最后一个角点即闭合。",
    en: "Tap corner after corner; tap the first or the last one again to close.",
  },
  undo: { zh: "撤销一点", en: "Undo a corner" },
  cancel: { zh: "取消", en: "Cancel" },
  upload: { zh: "上传测量文件", en: "Upload survey" },
  typeCorners: { zh: "输入角点", en: "Type corners" },
  cornerLines: { zh: "坐标，每行一个角点", en: "Coordinates, one corner a line" },
  addCorners: { zh: "加入", en: "Add" },
  addCorner: { zh: "加角点", en: "Add corner" },
  distance: { zh: "距离（米）", en: "Distance (m)" },
  bearing: { zh: "方位角", en: "Bearing" },
  alongSide: { zh: "沿上一边（米）", en: "Along the last side (m)" },
  rightOfSide: { zh: "向右偏（米，左为负）", en: "To its right (m, left is negative)" },
  closeRing: { zh: "闭合并赋码", en: "Close and code" },
  corners: { zh: "角点", en: "Corners" },
  corner: { zh: "角点", en: "Corner" },
  longitude: { zh: "经度", en: "Longitude" },
  latitude: { zh: "纬度", en: "Latitude" },
  northing: { zh: "X（北）", en: "North" },
  easting: { zh: "Y（东）", en: "East" },
  sideLength: { zh: "边长", en: "Side" },
  removeCorner: { zh: "删除角点 {name}", en: "Remove corner {name}" },
  square: { zh: "调整为直角", en: "Make right angles" },
  squared: { zh: "角点移动不超过 {value}", en: "Corners moved by {value} at most" },
  undoSquare: { zh: "还原", en: "Undo" },

  welcome: { zh: "画出建筑基底，即得编码。", en: "Draw a building's footprint and it has its code." },
  welcomeDraw: {
    zh: "画基底：图形一闭合，编码、面积和合规结果就列在这里，登记之前不保存任何内容。",
    en: "Draw: as the polygon closes, its code, area and findings stand here. Nothing is stored until you register it.",
  },
  welcomeUpload: {
    zh: "上传：把测量文件拖到地图上，先看它是什么、逐行有什么问题，确认后才登记。",
    en: "Upload: drop a survey file on the map, see what it is and what is wrong with which row, then register it.",
  },
  formats: { zh: "可读的格式", en: "Formats that are read" },
  formatsNote: {
    zh: "均可打包成 zip；DWG、IFC 须安装附加组件。",
    en: "Any of them may come in a zip; DWG and IFC need an extra to be installed.",
  },
  welcomeFind: {
    zh: "查找：输入编码或任何别名，或点击图上的建筑。",
    en: "Find: type a code or any alias, or click a building on the map.",
  },
  emptyBlueprint: {
    zh: "蓝图还没有数据。用 luotu layers load 装入图层后再刷新本页。",
    en: "The blueprint holds no data yet. Load layers with luotu layers load, then reload this page.",
  },

  provisional: { zh: "预览编码", en: "Provisional code" },
  provisionalNote: { zh: "尚未登记", en: "not registered yet" },
  registeredCode: { zh: "建筑编码", en: "Building code" },
  registeredNow: { zh: "已登记，编码从此不变。", en: "Registered. The code is now permanent." },
  registeredSame: {
    zh: "登记簿已有同一图形，沿用原编码。",
    en: "The register already held this very footprint; it keeps its code.",
  },
  registeredRevised: {
    zh: "已作为原有建筑的新版图形登记，沿用原编码。",
    en: "Registered as a new footprint version of a known building, which keeps its code.",
  },
  copy: { zh: "复制", en: "Copy" },
  copied: { zh: "已复制", en: "Copied" },
  copyCode: { zh: "复制编码 {code}", en: "Copy the code {code}" },
  copyLink: { zh: "复制链接", en: "Copy link" },
  coding: { zh: "正在赋码…", en: "Coding…" },
  ellipsoidArea: { zh: "椭球面积", en: "Ellipsoidal area" },
  planeArea: { zh: "平面面积", en: "Plane area" },
  perimeter: { zh: "平面周长", en: "Plane perimeter" },
  registerState: { zh: "登记簿", en: "Register" },
  unknownBuilding: { zh: "新建筑，登记簿中没有", en: "New: not in the register" },
  knownSame: { zh: "已有同一建筑", en: "Already held" },
  knownRevised: { zh: "像是已有建筑的新图形", en: "Looks like a new footprint of" },
  groundTaken: { zh: "此处已有另一建筑", en: "Another building stands here" },
  overlapMeasure: { zh: "重合度 IoU {value}", en: "IoU {value}" },
  clear: { zh: "清除", en: "Clear" },
  editHint: {
    zh: "可拖动角点修改图形，结果随之更新。",
    en: "Drag a corner to change the footprint; the result follows.",
  },
  name: { zh: "名称（可不填）", en: "Name (optional)" },
  register: { zh: "登记", en: "Register" },
  registering: { zh: "正在登记…", en: "Registering…" },

  backToDraft: { zh: "返回所画基底", en: "Back to the drawn footprint" },
  backToUpload: { zh: "返回上传结果", en: "Back to the upload" },
  close: { zh: "关闭", en: "Close" },
  stage: { zh: "阶段", en: "Stage" },
  version: { zh: "图形版本", en: "Footprint version" },
  office: { zh: "登记单位", en: "Office" },
  recordedAt: { zh: "记录时间", en: "Recorded" },
  aliases: { zh: "别名", en: "Aliases" },
  computedNames: { zh: "由基底算出的名称", en: "Names computed from the footprint" },
  history: { zh: "经过", en: "History" },
  stages: { zh: "阶段", en: "Stages" },
  notLater: { zh: "不晚于 {day}", en: "no later than {day}" },
  geometryVersion: { zh: "图形第 {version} 版", en: "footprint version {version}" },
  height: { zh: "高 {value}", en: "height {value}" },
  floorArea: { zh: "建筑面积 {value}", en: "floor area {value}" },
  entryDocuments: { zh: "文件 {count}", en: "{count} documents" },
  withdrawn: { zh: "已撤回", en: "Withdrawn" },
  nextStages: { zh: "其后可进入：{names}", en: "May come next: {names}" },
  dueOn: { zh: "{day} 前", en: "by {day}" },
  overdue: { zh: "逾期 {count} 天", en: "{count} days late" },
  laidOver: { zh: "图形比较", en: "Geometries compared" },
  laidOverNote: {
    zh: "选中一行，在图上叠合两版图形：多出的为琥珀色，少了的为红色。",
    en: "Choose a row to lay the two over each other: amber is what was gained, red what was lost.",
  },
  gainedLost: { zh: "多出 {gained}，少了 {lost}", en: "gained {gained}, lost {lost}" },
  moved: { zh: "位移 {value}", en: "moved {value}" },
  withinTolerance: { zh: "在容差内", en: "within tolerance" },
  closedLife: { zh: "编码已注销（{day}），不再有效。", en: "This code was closed on {day}." },
  predecessors: { zh: "前身", en: "Came from" },
  successors: { zh: "其后", en: "Came after it" },
  extract: { zh: "核查表 PDF", en: "Extract (PDF)" },
  checkFindings: { zh: "对照蓝图检查", en: "Check against the blueprint" },
  checking: { zh: "正在检查…", en: "Checking…" },
  asOf: { zh: "截至 {day}", en: "as of {day}" },

  findings: { zh: "合规结果", en: "Findings" },
  noFindings: { zh: "没有可报告的结果。", en: "Nothing to report." },
  advisory: { zh: "建议", en: "Advice" },
  advisoryWhy: {
    zh: "依据尚未经责任人确认，只作建议，不作为禁止。",
    en: "The basis is not confirmed yet: advice, not a prohibition.",
  },
  overlapArea: { zh: "面积 {value}", en: "area {value}" },
  share: { zh: "占 {value}", en: "{value} of the footprint" },
  width: { zh: "宽 {value}", en: "width {value}" },
  margin: { zh: "余量 {value}", en: "margin {value}" },
  measured: { zh: "实测 {value}", en: "measured {value}" },
  required: { zh: "要求 {value}", en: "required {value}" },
  basis: { zh: "依据：{texts}（{confidence}）", en: "Basis: {texts} ({confidence})" },
  andMore: { zh: "{names}等 {count} 个", en: "{names} and {count} in all" },
  listComma: { zh: "、", en: ", " },
  article: { zh: "{doc} 第 {article} 条", en: "{doc}, art. {article}" },
  since: { zh: "{day} 起", en: "from {day}" },
  until: { zh: "至 {day}", en: "until {day}" },
  showWitness: { zh: "在图上显示", en: "Show on the map" },
  adviceCount: { zh: "其中建议 {count}", en: "{count} of them advice" },

  layers: { zh: "蓝图图层", en: "Blueprint layers" },
  layerCount: { zh: "{loaded} / {all} 有数据", en: "{loaded} of {all}" },
  noData: { zh: "无数据", en: "No data" },
  features: { zh: "{count} 个要素", en: "{count} features" },
  buildings: { zh: "建筑", en: "Buildings" },
  buildingsNote: { zh: "登记簿中的建筑基底", en: "Footprints in the register" },
  graticule: { zh: "经纬网", en: "Graticule" },
  groupToggle: { zh: "显示或隐藏：{name}", en: "Show or hide: {name}" },

  dropHere: { zh: "松开即预览", en: "Drop to look at it" },
  looking: { zh: "正在读取并逐行检查 {file}…", en: "Reading {file} and checking each row…" },
  largeFile: { zh: "文件较大，逐行检查要些时间。", en: "The file is large; to check each row takes a while." },
  registerUnseen: { zh: "不预览，直接登记", en: "Register without a preview" },
  sending: { zh: "正在登记…", en: "Registering…" },
  previewNote: { zh: "预览，尚未保存任何内容", en: "Preview: nothing is stored yet" },
  uploadStored: { zh: "已登记 {count} 行", en: "Rows registered: {count}" },
  uploadRepeated: {
    zh: "这个文件先前已经登记，以下是当时的结果。",
    en: "This very file was registered before; this is what became of it then.",
  },
  uploadNotStored: { zh: "未保存任何内容", en: "Nothing was stored" },
  format: { zh: "格式", en: "Format" },
  encoding: { zh: "文字编码", en: "Encoding" },
  crs: { zh: "坐标系", en: "CRS" },
  layer: { zh: "图层", en: "Layer" },
  rowsInAll: { zh: "{count} 行：", en: "Rows: {count}. " },
  rowsGood: { zh: "可登记 {count}", en: "{count} good" },
  rowsHeld: { zh: "待审 {count}", en: "{count} held for review" },
  rowsRefused: { zh: "拒绝 {count}", en: "{count} refused" },
  rowsWarned: { zh: "提醒 {count}", en: "{count} with warnings" },
  columns: { zh: "属性列", en: "Columns" },
  columnFilled: { zh: "{filled} 行有值", en: "{filled} filled" },
  remarks: { zh: "读取说明", en: "Remarks" },
  rowsByOutcome: { zh: "逐行结果", en: "Row by row" },
  rowsListed: {
    zh: "共 {count} 行，列出 {shown} 行：前 {first} 行，以及其后被拒绝、待审或有提醒的行。",
    en: "Listed here: {shown} of {count} rows, which are the first {first} and of the others those that are refused, held or warned of.",
  },
  rowsFromZero: { zh: "行号从 0 数起。", en: "Rows are counted from 0." },
  noneGood: {
    zh: "没有可以登记的行。改正文件后重新拖入。",
    en: "No row can be registered. Mend the file and drop it again.",
  },
  emptyFile: { zh: "文件里没有要素。", en: "There are no features in the file." },
  moreRows: { zh: "再列 {count} 行", en: "Show {count} more rows" },
  registerAll: { zh: "登记全部 {count} 行", en: "Register all rows ({count})" },
  registerGood: { zh: "只登记合格的 {count} 行", en: "Register the good rows ({count})" },
  registerKnown: {
    zh: "登记 {count} 行（与登记簿相同）",
    en: "Register {count} rows (as the register has them)",
  },
  registerAllNote: {
    zh: "全部登记，或者一行也不登记。",
    en: "All of the rows or none.",
  },
  registerGoodNote: {
    zh: "被拒绝的 {count} 行不登记，可带着原因下载；要全部登记，请改正文件后重新拖入。",
    en: "What is refused ({count}) stays out and can be downloaded with the reasons. To have it all, mend the file and drop it again.",
  },
  heldNote: { zh: "其中 {count} 行登记后由人审核。", en: "Of the good ones {count} will wait for a person’s review." },
  inBackground: {
    zh: "将在后台登记，可以关闭本页。",
    en: "This goes on in the background, and the page may be closed.",
  },
  uploadStage: { zh: "图形阶段", en: "Stage" },
  fix: { zh: "修正尖角和极短边（仅在安全时）", en: "Mend spikes and tiny edges where that is safe" },
  fixed: { zh: "已修正：", en: "Mended: " },
  fixable: { zh: "可修正：", en: "Can be mended: " },
  codedFile: { zh: "下载带编码的文件", en: "Download the coded file" },
  rejectedFile: { zh: "下载被拒绝的行", en: "Download the refused rows" },
  codesInFile: {
    zh: "行数较多，不在此逐行列出；编码都在下载的文件里。",
    en: "They are too many to be listed here; every code is in the file to download.",
  },
  reviewNote: { zh: "{count} 行等待人工审核。", en: "Waiting for a person’s review: {count}" },

  readOtherwise: { zh: "换一种读法", en: "Read it differently" },
  lookAgain: { zh: "重新预览", en: "Look again" },
  lookIn: { zh: "按 {crs} 预览", en: "Look at it in {crs}" },
  polygons: { zh: "面", en: "polygons" },
  lines: { zh: "线", en: "lines" },
  points: { zh: "点", en: "points" },
  fromTheFile: { zh: "由文件判断", en: "As the file says" },
  otherCrs: { zh: "其他坐标系", en: "Another CRS" },
  crsExample: { zh: "如 EPSG:4551", en: "such as EPSG:4551" },
  chooseCrs: { zh: "每种读法各落在一处，哪一处是对的？", en: "Each reading puts it somewhere else. Which is right?" },
  confirmCrs: {
    zh: "只有一种读法。请在图上看它是否落在该在的地方，是则选中确认；不是则在“换一种读法”中写明坐标系。",
    en: "There is one reading. See on the map whether it lies where it should, and choose it to confirm that; if not, state the CRS under “Read it differently”.",
  },
  chooseLayer: { zh: "要读哪一个图层？", en: "Which layer is it?" },
  chooseColumns: { zh: "哪一列是什么？请填表头：", en: "Which column is what? State its heading:" },
  layerRows: { zh: "{count} 行", en: "rows: {count}" },
  moreCandidates: { zh: "其余 {count} 种读法", en: "{count} more ways to read it" },
  columnNorth: { zh: "北坐标", en: "North" },
  columnEast: { zh: "东坐标", en: "East" },
  columnFeature: { zh: "楼号或地块号", en: "Building or parcel" },
  columnWkt: { zh: "或 WKT 图形", en: "or WKT" },
  drawingUnit: { zh: "图纸单位", en: "Unit of the drawing" },
  closing: { zh: "闭合容差（米）", en: "Closing tolerance (m)" },

  jobs: { zh: "后台上传", en: "Uploads in the background" },
  jobRows: { zh: "{done} / {total} 行", en: "{done} of {total} rows" },
  jobDone: { zh: "登记 {count} 行", en: "{count} registered" },
  jobHeld: { zh: "待审 {count}", en: "{count} held" },
  jobRefused: { zh: "拒绝 {count}", en: "{count} refused" },
  jobProgress: { zh: "{file} 的进度", en: "Progress of {file}" },
  cancelJob: { zh: "取消上传", en: "Cancel the upload" },
  showJob: { zh: "查看", en: "Show" },
  jobCancelled: { zh: "已取消，什么也没有保存。", en: "Cancelled; nothing is stored." },
  jobGoesOn: { zh: "可以关闭本页，上传会继续。", en: "The page may be closed; the upload goes on." },
  zoomToPlace: { zh: "定位到问题处", en: "Zoom to the place" },

  row: { zh: "第 {row} 行", en: "row {row}" },
  inFile: { zh: "文件 {value}", en: "file {value}" },
  inLayer: { zh: "图层 {value}", en: "layer {value}" },
  inFeature: { zh: "要素 {value}", en: "feature {value}" },
  inLine: { zh: "第 {value} 行", en: "line {value}" },
  inVertex: { zh: "顶点 {value}", en: "vertex {value}" },
  dismiss: { zh: "知道了", en: "Dismiss" },
} satisfies Record<string, Bilingual>;

export type MessageKey = keyof typeof MESSAGES;

export const OUTCOMES: Record<Outcome, Bilingual> = {
  fail: { zh: "不符合", en: "Fails" },
  fail_within_accuracy: { zh: "精度范围内不符合", en: "Fails within accuracy" },
  manual: { zh: "须人工核对", en: "To be checked by hand" },
  not_evaluated: { zh: "未评价", en: "Not evaluated" },
  pass: { zh: "符合", en: "Passes" },
  not_applicable: { zh: "不适用", en: "Not applicable" },
};

export const SEVERITIES: Record<Severity, Bilingual> = {
  prohibit: { zh: "禁止", en: "Prohibited" },
  approval: { zh: "须批准", en: "Needs approval" },
  restrict: { zh: "限制", en: "Restricted" },
  reject: { zh: "退回", en: "To be drawn again" },
  coordinate: { zh: "须协调", en: "To coordinate" },
  warn: { zh: "提醒", en: "Warning" },
  info: { zh: "说明", en: "Note" },
};

export const CERTAINTIES: Record<Certainty, Bilingual> = {
  certain: { zh: "确定", en: "certain" },
  within_accuracy: { zh: "在精度范围内", en: "within accuracy" },
  noise: { zh: "噪声量级", en: "noise" },
};

export const CONFIDENCES: Record<Confidence, Bilingual> = {
  V: { zh: "已核对原文", en: "read in the source" },
  V2: { zh: "据二手来源", en: "from a secondary source" },
  K: { zh: "据一般知识，待确认", en: "general knowledge, to be confirmed" },
  P: { zh: "拟议，待确认", en: "proposed, to be confirmed" },
};

export const ROW_OUTCOMES: Record<UploadRow["outcome"], Bilingual> = {
  new: { zh: "新", en: "New" },
  same: { zh: "相同", en: "Same" },
  revised: { zh: "新版", en: "Revised" },
  split: { zh: "拆分", en: "Split" },
  merged: { zh: "合并", en: "Merged" },
  held: { zh: "待审", en: "Held for review" },
  refused: { zh: "拒绝", en: "Refused" },
};

export const ROW_FILTERS: Record<Filter, Bilingual> = {
  refused: ROW_OUTCOMES.refused,
  held: { zh: "待审", en: "Held" },
  warned: { zh: "提醒", en: "Warned" },
  new: ROW_OUTCOMES.new,
  revised: ROW_OUTCOMES.revised,
  same: ROW_OUTCOMES.same,
};

export const CANDIDATE_PLACES: Record<Candidate["place"], Bilingual | null> = {
  inside: { zh: "在工作范围内", en: "where you work" },
  partly: { zh: "部分在工作范围内", en: "partly where you work" },
  outside: { zh: "在工作范围外", en: "outside of where you work" },
  unknown: null,
};

/** Says a message of the table, or the right half of a pair from the server. */
export interface Say {
  (key: MessageKey, values?: Record<string, string | number>): string;
  readonly language: Language;
  of(pair: Bilingual): string;
}

/** Return the speaker of one language. */
export function sayIn(language: Language): Say {
  const say = (key: MessageKey, values: Record<string, string | number> = {}): string =>
    MESSAGES[key][language].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  return Object.assign(say, { language, of: (pair: Bilingual) => pair[language] || pair.en || pair.zh });
}
