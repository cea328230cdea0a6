// The scatter of one variant, drawn from the points in the page; what is under the pointer, and its architecture.

const MARGIN = { left: 52, right: 10, top: 10, bottom: 40 };
const NEAR = 18; // pixels from a point within which it is meant

class Scatter {
  constructor(figure, data) {
    Object.assign(this, { figure, data, points: null, chosen: null });
    this.build();
    this.show(0);
    new ResizeObserver(() => this.draw()).observe(this.plot);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  build() {
    const { spaces, variants } = this.data;
    this.select = make("select");
    spaces.forEach((space, number) => {
      const group = make("optgroup", { label: space.title });
      variants.forEach((variant, place) => {
        if (variant.space === number) group.append(make("option", { value: place }, this.name(variant)));
      });
      this.select.append(group);
    });
    this.select.addEventListener("change", () => this.show(Number(this.select.value)));
    this.zoom = make("input", { type: "checkbox" });
    this.zoom.addEventListener("change", () => this.draw());
    const save = make("button", { type: "button" }, "these points as CSV");
    save.addEventListener("click", () => this.save());
    this.facts = make("p", { class: "facts" });
    this.plot = make("canvas", {
      tabindex: "0", role: "application",
      "aria-label": "scatter of truth and score; arrow keys left and right: by truth; down and up: by score",
    });
    this.note = make("div", { class: "note", "aria-live": "polite" });
    const at = (event) => this.nearest(event.offsetX, event.offsetY);
    this.plot.addEventListener("pointermove", (event) => {
      const point = at(event);
      if (point !== null && point !== this.chosen) this.choose(point);
    });
    this.plot.addEventListener("pointerdown", (event) => this.choose(at(event)));
    this.plot.addEventListener("keydown", (event) => this.key(event));
    const variant = make("label", {}, "Variant ", this.select);
    const zoom = make("label", {}, this.zoom, " leave out the lowest 5 %");
    const live = make("div", { class: "live-scatter" },
      make("div", { class: "tools" }, variant, zoom, save), this.facts,
      make("div", { class: "side-by-side" }, make("div", { class: "plot" }, this.plot), this.note));
    this.figure.prepend(live);
    this.figure.classList.add("live");
  }

  name({ name, mask }) {
    return mask === "full space" || name.includes(mask) ? name : `${name}, without ${mask}`;
  }

  async show(number) {
    const variant = this.data.variants[number], space = this.data.spaces[variant.space];
    const rows = this.data.rows[variant.rows];
    space.read ??= Promise.all([unpackTexts(space.texts), unpackNumbers(space.truth, Float64Array)]);
    rows.read ??= Promise.all([unpackNumbers(rows.architecture, Uint32Array),
      unpackNumbers(rows.place, Uint32Array), unpack(rows.sampled)]);
    const [texts, truths] = await space.read;
    const [architecture, place, sampled] = await rows.read;
    const score = await unpackNumbers(variant.score, Float32Array);
    if (number !== Number(this.select.value)) return; // another one was chosen meanwhile
    const truth = Float64Array.from(architecture, (row) => truths[row]);
    const byTruth = order(truth), byScore = order(score);
    this.points = { variant, space, texts, architecture, truth, score, place, sampled, byTruth, byScore };
    this.zoom.checked = squeezed(truth) || squeezed(score);
    this.zoom.disabled = score.length < 100;
    if (this.zoom.disabled) this.zoom.checked = false;
    this.choose(byTruth[byTruth.length - 1]);
  }

  limits(values) {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    if (this.zoom.checked) low = quantile(values, 0.05);
    const margin = 0.05 * (high - low) || 1;
    return [low - margin, high + margin];
  }

  draw() {
    if (!this.points) return;
    const { truth, score, place, variant, sampled } = this.points;
    const width = this.plot.clientWidth, height = this.plot.clientHeight, scale = devicePixelRatio || 1;
    if (!width) return;
    Object.assign(this.plot, { width: width * scale, height: height * scale });
    const pen = this.plot.getContext("2d");
    const colour = (name) => getComputedStyle(this.figure).getPropertyValue(name).trim();
    pen.scale(scale, scale);
    const x = this.limits(truth), y = this.limits(score);
    this.x = (value) => MARGIN.left + ((value - x[0]) / (x[1] - x[0])) * (width - MARGIN.left - MARGIN.right);
    this.y = (value) => height - MARGIN.bottom
      - ((value - y[0]) / (y[1] - y[0])) * (height - MARGIN.top - MARGIN.bottom);
    this.axes(pen, x, y, width, height, colour);
    pen.save();
    pen.beginPath();
    pen.rect(MARGIN.left, MARGIN.top, width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom);
    pen.clip();
    const few = Math.min(1, 2000 / score.length);
    const dot = (point, radius) => {
      pen.beginPath();
      pen.arc(this.x(truth[point]), this.y(score[point]), radius, 0, 7);
      pen.fill();
    };
    let hidden = 0, count = 0;
    for (const best of [false, true]) {
      pen.globalAlpha = best ? 0.9 : Math.max(0.15, 0.5 * few);
      pen.fillStyle = colour(best ? "--top" : "--dot");
      for (let point = 0; point < score.length; point++) {
        if (place[point] <= this.data.top === best) dot(point, best ? 2.8 : 1.5 + few);
      }
    }
    for (let point = 0; point < score.length; point++) {
      hidden += truth[point] < x[0] || score[point] < y[0];
      count += sampled[point];
    }
    if (this.chosen !== null) {
      pen.globalAlpha = 1;
      pen.strokeStyle = colour("--ink");
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(this.x(truth[this.chosen]), this.y(score[this.chosen]), 6, 0, 7);
      pen.stroke();
    }
    pen.restore();
    const tau = variant.tau_b === null ? "undefined" : shown(variant.tau_b, 3);
    const facts = [`tau-b ${tau}`, `n = ${count}`];
    if (variant.seeds) facts.push(`${variant.seeds} seed${variant.seeds === 1 ? "" : "s"}`);
    if (count < score.length) facts.push(`and ${score.length - count} of the top`);
    if (score.length < variant.points) facts.push(`${score.length} of ${variant.points} points are in this page`);
    if (hidden) facts.push(`${hidden} lower off scale`);
    this.facts.textContent = `${facts.join(" \u00b7 ")}. Orange: the true top ${this.data.top}.`;
  }

  axes(pen, x, y, width, height, colour) {
    pen.font = "12px system-ui, sans-serif";
    pen.lineWidth = 1;
    for (const [limits, across] of [[x, true], [y, false]]) {
      for (const [value, text] of ticks(limits, Math.max(2, Math.floor((across ? width : height) / 80)))) {
        pen.strokeStyle = colour("--line");
        pen.fillStyle = colour("--soft");
        pen.beginPath();
        if (across) {
          pen.moveTo(this.x(value), MARGIN.top);
          pen.lineTo(this.x(value), height - MARGIN.bottom);
        } else {
          pen.moveTo(MARGIN.left, this.y(value));
          pen.lineTo(width - MARGIN.right, this.y(value));
        }
        pen.stroke();
        pen.textAlign = across ? "center" : "right";
        pen.textBaseline = across ? "top" : "middle";
        pen.fillText(text, across ? this.x(value) : MARGIN.left - 6, across ? height - MARGIN.bottom + 5 : this.y(value));
      }
    }
    pen.fillStyle = colour("--ink");
    pen.textAlign = "center";
    pen.textBaseline = "bottom";
    pen.fillText(this.points.space.axis, (MARGIN.left + width) / 2, height - 2, width - MARGIN.left);
    pen.save();
    pen.translate(2, (height - MARGIN.bottom) / 2);
    pen.rotate(-Math.PI / 2);
    pen.textBaseline = "top";
    pen.fillText(this.data.score, 0, 0);
    pen.restore();
  }

  nearest(x, y) {
    if (!this.points || !this.x) return null;
    const { truth, score } = this.points;
    let [best, least] = [null, NEAR * NEAR];
    for (let point = 0; point < score.length; point++) {
      const far = (this.x(truth[point]) - x) ** 2 + (this.y(score[point]) - y) ** 2;
      if (far < least) [best, least] = [point, far];
    }
    return best;
  }

  key(event) {
    if (!this.points) return;
    const { byTruth, byScore } = this.points;
    const steps = { ArrowRight: [byTruth, 1], ArrowLeft: [byTruth, -1], ArrowUp: [byScore, 1], ArrowDown: [byScore, -1] };
    const last = byTruth.length - 1;
    let next = { Home: byTruth[0], End: byTruth[last] }[event.key];
    if (event.key in steps) {
      const [places, step] = steps[event.key];
      const now = this.chosen === null ? last : places.indexOf(this.chosen);
      next = places[Math.min(last, Math.max(0, now + step))];
    }
    if (next === undefined) return;
    event.preventDefault();
    this.choose(next);
  }

  choose(point) {
    this.chosen = point;
    if (point === null) {
      this.note.replaceChildren(make("p", {}, "No point is chosen."));
    } else {
      const { texts, architecture, truth, score, place, byScore } = this.points;
      const text = texts[architecture[point]], n = score.length;
      const fact = (name, value) => [make("dt", {}, name), make("dd", {}, value)];
      this.note.replaceChildren(make("code", {}, text), drawArchitecture(text) ?? "", make("dl", {},
        ...fact("truth", shown(truth[point], 2)), ...fact("score", shown(score[point], 2)),
        ...fact("place by truth", `${place[point]} of ${this.points.variant.points}`),
        ...fact("place by score", `${n - byScore.indexOf(point)} of ${n}`)));
    }
    this.draw();
  }

  save() {
    const { variant, space, texts, architecture, truth, score, place, sampled } = this.points;
    const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const lines = ["space,mask,variant,arch,truth,score,seeds,place,sampled"];
    const same = [space.name, variant.mask, variant.name].map(quoted);
    for (let point = 0; point < score.length; point++) {
      lines.push([...same, quoted(texts[architecture[point]]), Number(truth[point].toPrecision(7)),
        Number(score[point].toPrecision(7)), variant.seeds, place[point], sampled[point] ? "True" : "False"].join(","));
    }
    offer("points.csv", "text/csv", lines.join("\n") + "\n");
  }
}

const shown = (value, digits) => value.toFixed(digits).replace("-", "\u2212");
const order = (values) => Array.from(values.keys()).sort((a, b) => values[a] - values[b]);

function quantile(values, share) {
  const ordered = Float64Array.from(values).sort();
  const place = share * (ordered.length - 1), low = Math.floor(place);
  const high = Math.min(low + 1, ordered.length - 1);
  return ordered[low] + (place - low) * (ordered[high] - ordered[low]);
}

// Whether the lowest 5 % take more than half of the range.
function squeezed(values) {
  const [low, floor, high] = [0, 0.05, 1].map((share) => quantile(values, share));
  return floor - low > (high - low) / 2 && floor < high;
}

// About so many round numbers inside the limits, each with its text.
function ticks([low, high], count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let number = Math.ceil(low / step); number * step <= high; number++) {
    found.push([number * step, shown(number * step, digits)]);
  }
  return found;
}

for (const block of document.querySelectorAll("script.scatter-data")) {
  const data = JSON.parse(block.textContent);
  if (data.variants.length) new Scatter(block.closest("figure"), data);
}
