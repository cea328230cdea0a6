// One architecture as a picture, from its text: a NAS-Bench-201 cell as a graph, a Blox model as its three blocks.
// What the output does not depend on is pale. Returns null for a text of neither form.

function drawArchitecture(text) {
  const cell = [...text.matchAll(/(\w+)~(\d)/g)].map((match) => match[1]);
  if (cell.length === 6 && cell.every((name) => name in CELL_LOOK)) return drawCell(cell);
  const numbers = (text.match(/-?\d+/g) || []).map(Number);
  if (/[^\d\s,[\]()]/.test(text)) return null;
  if (numbers.length === 6 && numbers.every((n) => n < 5)) return drawCell(numbers.map((n) => CELL_NAMES[n]));
  if (numbers.length === 15) return drawBlocks([0, 5, 10].map((start) => numbers.slice(start, start + 5)));
  return null;
}

const CELL_LOOK = {
  none: ["none", "none-edge"],
  skip_connect: ["skip", "skip"],
  nor_conv_1x1: ["1\u00d71 conv", "sky"],
  nor_conv_3x3: ["3\u00d73 conv", "blue"],
  avg_pool_3x3: ["3\u00d73 avg pool", "orange"],
};
const CELL_NAMES = Object.keys(CELL_LOOK);
const EDGES = [[0, 1], [0, 2], [1, 2], [0, 3], [1, 3], [2, 3]];
const NODE_X = [24, 124, 224, 324];
const BOW = [0, -48, 0, -92, 48, 0]; // how far the middle of each edge is from the row of nodes

const SVG = new DOMParser().parseFromString("<svg></svg>", "text/html").querySelector("svg").namespaceURI;

function svg(tag, attributes = {}, ...content) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

function canvas(width, height, title) {
  const box = { viewBox: `0 0 ${width} ${height}`, role: "img", class: "drawing" };
  return svg("svg", box, svg("title", {}, title));
}

function boxed(x, y, label, look, live, width = label.length * 6.3 + 12) {
  const group = svg("g", { class: `${look}${live ? "" : " dead"}` });
  group.append(
    svg("rect", { x: x - width / 2, y: y - 10, width, height: 20, rx: 5 }),
    svg("text", { x, y: y + 4 }, label),
  );
  return group;
}

// The head of an arrow at (x, y) that comes from the direction (dx, dy).
function head(x, y, dx, dy) {
  const length = Math.hypot(dx, dy), [u, v] = [dx / length, dy / length];
  const points = [[0, 0], [-8, 4], [-8, -4]].map(([a, b]) => `${x + a * u - b * v},${y + a * v + b * u}`);
  return svg("polygon", { points: points.join(" ") });
}

function drawCell(names) {
  const live = liveEdges(names);
  const picture = canvas(348, 190, `cell: ${names.join(", ")}`);
  const level = 120, labels = [];
  EDGES.forEach(([source, target], edge) => {
    const [label, look] = CELL_LOOK[names[edge]];
    const [start, end, bow] = [NODE_X[source], NODE_X[target], BOW[edge]];
    const middle = (start + end) / 2;
    const [dx, dy] = [end - middle, -2 * bow];
    const length = Math.hypot(dx, dy), [x, y] = [end - (15 * dx) / length, level - (15 * dy) / length];
    const line = svg("g", { class: `edge ${look}${live.has(edge) ? "" : " dead"}` });
    line.append(svg("path", { d: `M${start},${level} Q${middle},${level + 2 * bow} ${x},${y}` }));
    if (names[edge] !== "none") line.append(head(x, y, dx, dy));
    picture.append(line);
    labels.push(boxed(middle, level + bow, label, look, live.has(edge)));
  });
  NODE_X.forEach((x, node) => {
    const used = node === 0 || node === 3 || [...live].some((edge) => EDGES[edge].includes(node));
    const group = svg("g", { class: `node${used ? "" : " dead"}` });
    group.append(
      svg("circle", { cx: x, cy: level, r: 14 }),
      svg("text", { x, y: level + 4 }, { 0: "in", 3: "out" }[node] ?? String(node)),
    );
    picture.append(group);
  });
  picture.append(...labels);
  return picture;
}

// Edges on a way from the input to the output that has no zero operation in it.
function liveEdges(names) {
  const useful = new Set([3]), reached = new Set([0]);
  for (let edge = 5; edge >= 0; edge--) {
    if (names[edge] !== "none" && useful.has(EDGES[edge][1])) useful.add(EDGES[edge][0]);
  }
  EDGES.forEach(([source, target], edge) => {
    if (names[edge] !== "none" && reached.has(source)) reached.add(target);
  });
  const on = (edge) => names[edge] !== "none" && useful.has(EDGES[edge][1]) && reached.has(EDGES[edge][0]);
  return new Set([0, 1, 2, 3, 4, 5].filter(on));
}

const BLOCK_LOOK = [["conv", "blue"], ["mbconv", "vermilion"], ["bconv", "green"]];

function drawBlocks(blocks) {
  const picture = canvas(348, 294, `three blocks: ${JSON.stringify(blocks)}`);
  blocks.forEach((block, stage) => picture.append(drawBlock(block, stage, 12 + 96 * stage)));
  return picture;
}

// O0 and O1 in a row, the edge from the input above, the one that skips O1 below.
function drawBlock([o0, o1, previous, input, skip], stage, top) {
  const y = top + 40;
  const first = Boolean(previous || skip), second = Boolean(previous || input);
  const sum0 = Boolean(previous && input), sum1 = second && Boolean(skip);
  const group = svg("g", {}, svg("rect", { class: "panel", x: 2, y: top - 8, width: 344, height: 90, rx: 8 }));
  group.append(svg("text", { class: "name", x: 10, y: top + 8 }, `stage ${stage}`));
  const line = (live, arrow, ...points) => {
    const part = svg("g", { class: `edge${live ? "" : " dead"}` });
    part.append(svg("path", { d: "M" + points.map((point) => point.join(",")).join(" L") }));
    const [[a, b], [x, z]] = points.slice(-2);
    if (arrow && live) part.append(head(x, z, x - a, z - b));
    group.append(part);
  };
  line(first || second, false, [14, y], [44, y]);
  line(first, true, [44, y], [76, y]);
  line(first, false, [136, y], [160, y]);
  line(Boolean(previous), sum0, [160, y], [sum0 ? 172 : 184, y]);
  line(second, true, [sum0 ? 196 : 184, y], [220, y]);
  line(second, sum1, [280, y], [sum1 ? 296 : 308, y]);
  line(first || second, true, [sum1 ? 320 : 308, y], [338, y]);
  line(Boolean(input), sum0, [44, y], [44, y - 26], [184, y - 26], [184, sum0 ? y - 12 : y]);
  line(Boolean(skip), sum1, [160, y], [160, y + 30], [308, y + 30], [308, sum1 ? y + 12 : y]);
  for (const [x, shown] of [[184, sum0], [308, sum1]]) {
    if (!shown) continue;
    const sum = svg("g", { class: "node" });
    sum.append(svg("circle", { cx: x, cy: y, r: 11 }), svg("text", { x, y: y + 4 }, "+"));
    group.append(sum);
  }
  for (const [x, operation, used] of [[106, o0, first], [250, o1, second]]) {
    const [label, look] = BLOCK_LOOK[operation] ?? [String(operation), "skip"];
    group.append(boxed(x, y, label, look, used, 60));
  }
  return group;
}
