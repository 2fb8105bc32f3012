// The picked cell among all cells of the audit: an estimand, sorted, with its intervals.

const AUDIT = "audit grid";
const HELD = ["evidence", "model", "variable", "metric", "fold_seed", "clips"];

/** Rows of the cells beside the picked one; of a control, each of its seeds by itself. */
function cellRows(data, picks, control) {
  const held = Object.fromEntries(HELD.map((facet) => [facet, picks[facet]]));
  const rows = (control === OWN ? data.own : data.others).filter(matcher(data, held));
  return rows.filter((row) => data.table.text("control", row) === control);
}

function sortedBy(value, rows) {
  return rows
    .filter((row) => !Number.isNaN(value(row)))
    .sort((one, two) => value(one) - value(two));
}

function percent(place, count) {
  return count > 1 ? (100 * place) / (count - 1) : 50;
}

function cellName(data, row) {
  return ["pooling", "grouping", "target", "normalisation", "solver", "selection"]
    .map((facet) => data.table.text(facet, row))
    .join(", ");
}

function specificationTraces(data, picks, estimand) {
  const { value, low, high } = data.estimands[estimand];
  const traces = [];
  const seeds = new Map();
  for (const row of cellRows(data, picks, "untrained")) {
    const seed = data.table.text("seed", row);
    seeds.set(seed, [...(seeds.get(seed) || []), row]);
  }
  for (const [seed, rows] of seeds) {
    const sorted = sortedBy(value, rows);
    traces.push({
      type: "scatter", mode: "lines", name: `untrained, seed ${seed}`,
      x: sorted.map((_, place) => percent(place, sorted.length)),
      y: sorted.map(value),
      line: { color: cssColour("grey"), width: 1.5 },
      hovertemplate: "<b>%{fullData.name}</b><br>%{y:.3f}<extra></extra>",
    });
  }
  const own = sortedBy(value, cellRows(data, picks, OWN));
  const places = own.map((_, place) => percent(place, own.length));
  traces.push({
    type: "scatter", mode: "lines", hoverinfo: "skip", opacity: 0.35,
    x: places.flatMap((place) => [place, place, null]),
    y: own.flatMap((row) => [low(row), high(row), null]),
    line: { color: curveColour(0), width: 1 },
  });
  traces.push({
    type: "scatter", mode: "markers", name: picks.model, x: places, y: own.map(value),
    customdata: own.map((row) => [cellName(data, row), shown(low(row)), shown(high(row))]),
    hovertemplate: "%{customdata[0]}<br><b>%{y:.3f}</b> [%{customdata[1]}, %{customdata[2]}]<extra></extra>",
    marker: { color: curveColour(0), size: 4 },
    meta: { rows: own },
  });
  const here = own.findIndex(matcher(data, picks));
  traces.push({
    type: "scatter", mode: "markers", hoverinfo: "skip",
    x: here < 0 ? [] : [places[here]],
    y: here < 0 ? [] : [value(own[here])],
    marker: { size: 15, color: "rgba(0,0,0,0)", line: { width: 2.5, color: cssColour("ink") } },
    meta: { here },
  });
  return traces;
}

/** In words: where the picked cell stands, and how many cells have no such estimand. */
function specificationWords(data, picks, estimand) {
  const { value } = data.estimands[estimand];
  const rows = cellRows(data, picks, OWN);
  const sorted = sortedBy(value, rows);
  const none = rows.length - sorted.length;
  const here = sorted.findIndex(matcher(data, picks));
  const place =
    here < 0 ? "The picked cell has none" : `The picked cell is number ${here + 1} of ${sorted.length}`;
  return `${place}; ${none} of ${rows.length} cells have no ${estimand.replaceAll("_", " ")}. Grey: untrained networks, sorted by themselves.`;
}

function drawSpecification(element, data, picks, estimand) {
  const layout = baseLayout({
    xaxis: { title: { text: "share of cells, %" }, zeroline: false, range: [-2, 102] },
    yaxis: { title: { text: estimand.replaceAll("_", " ") } },
  });
  return Plotly.react(element, specificationTraces(data, picks, estimand), layout, CHART_OPTIONS);
}
