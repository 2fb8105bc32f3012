// The chart of curves over depth, and its numbers as a table.

/** Place of a state on the axis: itself, or the layer that reads (pre) or writes (post) it. */
function depthPlace(capture, state) {
  return capture === "resid_post" ? state - 1 : state;
}

/** States that the axis has room for: L layers stand for all states but the last, or the first. */
function onAxis(capture, state, last) {
  if (capture === "resid_pre") return state < last;
  if (capture === "resid_post") return state > 0;
  return true;
}

function axisTitle(capture) {
  if (capture === "states") return "residual state";
  return `layer (${capture}: ${capture === "resid_pre" ? "what it reads" : "what it writes"})`;
}

/** Name of a curve in legends and lists. */
function curveName(data, row) {
  const control = data.table.text("control", row);
  // a cell of a grid is told by the pickers
  const isCell = data.table.text("evidence", row) === AUDIT;
  const recipe = isCell ? "" : `, ${data.table.text("recipe", row)}`;
  if (control === OWN) return `${data.table.text("model", row)}${recipe}`;
  const seed = data.table.text("seed", row);
  const drawn = seed === OWN ? "" : `, seed ${seed}`;
  return `${control.replaceAll("_", " ")}${drawn}${recipe}`;
}

/** Deepest state of the picked model: the last one of its own curves. */
function lastState(data, rows) {
  return Math.max(1, ...rows.map((row) => statesOf(data, row).at(-1) || 0));
}

function curveTrace(data, view, row, last, look) {
  const flat = data.table.text("flat", row) === "yes";
  const all = Array.from({ length: last + 1 }, (_, state) => state);
  const measured = flat ? all : statesOf(data, row);
  const states = measured.filter((state) => onAxis(view.capture, state, last));
  const held = (state) => (flat ? 0 : state);
  return {
    type: "scatter",
    mode: flat ? "lines" : "lines+markers",
    name: curveName(data, row),
    x: states.map((state) => depthPlace(view.capture, state)),
    y: states.map((state) => data.score(row, held(state))),
    customdata: states.map((state) => {
      const spread = data.spread(row, held(state));
      return [
        flat ? "no depth" : `state ${state}, depth ${(state / last).toFixed(2)}`,
        Number.isNaN(spread) ? "" : ` ± ${shown(spread)} over folds`,
        held(state),
      ];
    }),
    hovertemplate: "<b>%{fullData.name}</b><br>%{customdata[0]}<br>%{y:.3f}%{customdata[1]}<extra></extra>",
    line: { color: look.color, dash: look.dash, width: look.width },
    marker: { color: look.color, size: look.size || 5 },
    meta: { row },
  };
}

/** Band of one standard deviation over folds. */
function bandTrace(data, view, row, last, color) {
  const states = statesOf(data, row).filter(
    (state) => onAxis(view.capture, state, last) && !Number.isNaN(data.spread(row, state)),
  );
  const there = states.map((state) => depthPlace(view.capture, state));
  const edge = (sign) => states.map((state) => data.score(row, state) + sign * data.spread(row, state));
  return {
    type: "scatter",
    mode: "lines",
    x: [...there, ...there.slice().reverse()],
    y: [...edge(1), ...edge(-1).reverse()],
    fill: "toself",
    fillcolor: color,
    opacity: 0.14,
    line: { width: 0 },
    hoverinfo: "skip",
    meta: { band: true },
  };
}

function selectionTrace(data, view, last) {
  const { row, state } = view.point;
  const there = onAxis(view.capture, state, last) && !Number.isNaN(data.score(row, state));
  return {
    type: "scatter",
    mode: "markers",
    x: there ? [depthPlace(view.capture, state)] : [],
    y: there ? [data.score(row, state)] : [],
    marker: { size: 15, color: "rgba(0,0,0,0)", line: { width: 2.5, color: cssColour("ink") } },
    hoverinfo: "skip",
    meta: { selected: true },
  };
}

/** Traces of a view: { own, controls, capture, point }. */
function chartTraces(data, view) {
  const last = lastState(data, view.own.length ? view.own : view.controls);
  const traces = [];
  for (const row of view.controls) {
    const look = controlLook(data.table.text("control", row), view.names);
    traces.push(curveTrace(data, view, row, last, { ...look, size: 3 }));
  }
  view.own.forEach((row, number) => {
    const color = curveColour(number);
    traces.push(bandTrace(data, view, row, last, color));
    traces.push(curveTrace(data, view, row, last, { color, width: 2.5, size: 7 }));
  });
  if (view.point) traces.push(selectionTrace(data, view, last));
  return traces;
}

const FLOOR = -1; // lower scores are all the same: worse than knowing nothing

function scoresOf(data, view) {
  const rows = [...view.own, ...view.controls];
  return rows.flatMap((row) => statesOf(data, row).map((state) => data.score(row, state)));
}

/** Sentences on what the chart does not show: scores below the axis, controls of other cells. */
function missingWords(data, view, { whole, controls }) {
  const below = whole ? 0 : scoresOf(data, view).filter((score) => score < FLOOR).length;
  const words = below ? ` ${below} scores lie below the axis.` : "";
  const none = controls.length && !view.controls.length;
  return none ? `${words} No curve of these controls is in the page for this cell.` : words;
}

/** Range of the scores: all of them, or the part in which models differ. */
function scoreRange(data, view, whole) {
  const least = Math.min(...scoresOf(data, view), 0);
  const floor = whole ? least : Math.max(least, FLOOR);
  return [floor - 0.05 * (1 - floor), 1 + 0.04 * (1 - floor)];
}

function drawCurves(element, data, view, whole) {
  const metric = data.metrics[view.picks.metric];
  const chance = metric ? metric.chance : 0;
  const last = lastState(data, view.own) - (view.capture === "states" ? 0 : 1);
  const layout = baseLayout({
    xaxis: {
      title: { text: axisTitle(view.capture) },
      range: [-0.03 * last, 1.03 * last],
      dtick: [1, 2, 4, 5, 10].find((step) => last / step <= (element.clientWidth < 500 ? 7 : 13)),
      zeroline: false,
    },
    yaxis: {
      title: { text: metric ? metric.words.replace("R2", "R²") : view.picks.metric },
      range: scoreRange(data, view, whole),
    },
    shapes: [
      {
        type: "line", xref: "paper", x0: 0, x1: 1, y0: chance, y1: chance,
        line: { color: cssColour("grey"), width: 1, dash: "dot" },
      },
    ],
  });
  return Plotly.react(element, chartTraces(data, view), layout, CHART_OPTIONS);
}

/** Legend as a list beside the chart: readable on narrow screens and by screen readers. */
function drawLegend(element, data, view) {
  const entries = view.own.map((row, number) => [curveName(data, row), curveColour(number), "solid"]);
  for (const name of new Set(view.controls.map((row) => data.table.text("control", row)))) {
    const look = controlLook(name, view.names);
    const rows = view.controls.filter((row) => data.table.text("control", row) === name);
    const seeds = rows.length > 1 ? ` (${rows.length} curves)` : "";
    entries.push([`${name.replaceAll("_", " ")}${seeds}`, look.color, look.dash]);
  }
  element.replaceChildren(
    ...entries.map(([name, color, dash]) => {
      const item = document.createElement("li");
      const line = document.createElement("span");
      line.className = "line";
      line.style.borderTopColor = color;
      line.style.borderTopStyle = dash === "solid" ? "solid" : "dashed";
      item.append(line, name);
      return item;
    }),
  );
}

function drawNumbers(element, data, view) {
  const rows = [...view.own, ...view.controls];
  const last = lastState(data, rows);
  const cell = (kind, text) => {
    const found = document.createElement(kind);
    found.textContent = text;
    return found;
  };
  const head = document.createElement("tr");
  head.append(cell("th", "state"), ...rows.map((row) => cell("th", curveName(data, row))));
  for (const one of head.children) one.scope = "col";
  const body = [];
  for (let state = 0; state <= last; state++) {
    const line = document.createElement("tr");
    const name = cell("th", String(state));
    name.scope = "row";
    line.append(name, ...rows.map((row) => {
      const flat = data.table.text("flat", row) === "yes";
      const value = data.score(row, flat ? 0 : state);
      const found = cell("td", Number.isNaN(value) ? "" : shown(value));
      found.className = "n";
      return found;
    }));
    body.push(line);
  }
  element.replaceChildren(head, ...body);
}
