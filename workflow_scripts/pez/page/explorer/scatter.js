// Out-of-fold predictions against truth at one point of a curve.

const DEGREES = "direction, degrees";
const WRAPPED = "angle, degrees";

/** Angle in degrees of outputs that stand for a direction. */
function angleOf(kind, outputs) {
  if (kind === "wrapped") return (outputs[0] * 180) / Math.PI;
  const [y, x] = kind === "image" ? [-outputs[1], outputs[0]] : outputs; // sine, cosine, ...
  return ((Math.atan2(y, x) * 180) / Math.PI + 360) % 360;
}

function turnBetween(one, two) {
  return Math.abs(((((one - two + 180) % 360) + 360) % 360) - 180);
}

/** What can be shown of predictions: the direction where there is one, and each output. */
function outputNames(found) {
  if (found.angle === "wrapped") return [WRAPPED];
  return found.angle ? [DEGREES, ...found.outputs] : found.outputs;
}

/** Truth, prediction and error of every clip at `state`, of the output called `name`. */
function pointsOf(found, state, name) {
  const line = found.states.indexOf(state);
  const clips = found.clips.length;
  const isAngle = name === DEGREES || name === WRAPPED;
  return Array.from({ length: clips }, (_, place) => {
    const truth = found.truth.map((one) => one.at(place));
    const value = found.values.map((one) => one.at(line * clips + place));
    const output = found.outputs.indexOf(name);
    const shownTruth = isAngle ? angleOf(found.angle, truth) : truth[output];
    let shownValue = isAngle ? angleOf(found.angle, value) : value[output];
    if (name === DEGREES) {
      // the turn that lies nearest to the truth, so that 359 degrees stand beside 0
      if (shownValue - shownTruth > 180) shownValue -= 360;
      if (shownTruth - shownValue > 180) shownValue += 360;
    }
    const error = found.angle
      ? turnBetween(angleOf(found.angle, truth), angleOf(found.angle, value))
      : Math.hypot(...truth.map((one, output) => one - value[output]));
    return { clip: found.clips[place], truth: shownTruth, value: shownValue, error };
  });
}

function clipColour(facts, clip) {
  if (facts.direction_deg) return hueColour(facts.direction_deg[clip]);
  if (facts.block) return curveColour([...new Set(facts.block)].indexOf(facts.block[clip]));
  return curveColour(0);
}

/** R2 of one output, pooled over clips. */
function pooledR2(points) {
  const mean = points.reduce((sum, one) => sum + one.truth, 0) / points.length;
  const total = points.reduce((sum, one) => sum + (one.truth - mean) ** 2, 0);
  const left = points.reduce((sum, one) => sum + (one.truth - one.value) ** 2, 0);
  return total > 0 ? 1 - left / total : NaN;
}

function median(values) {
  const sorted = values.slice().sort((one, two) => one - two);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function scatterWords(found, points, name) {
  const words = [`${points.length} clips of ${found.dataset}, each predicted by the fold that holds it out`];
  if (name === DEGREES || found.angle === "wrapped") {
    words.push(`median error ${shown(median(points.map((one) => one.error)), 1)} degrees`);
  } else if (name === "possible") {
    const right = points.filter((one) => (one.value > 0.5) === (one.truth > 0.5)).length;
    words.push(`${right} of them on the right side of one half`);
  } else {
    words.push(`R² of ${name} over all of them ${shown(pooledR2(points))}`);
  }
  return `${words.join("; ")}.`;
}

/** Places on the axis of truth: spread a little where many clips share one value. */
function spreadOut(points) {
  const values = [...new Set(points.map((one) => one.truth.toFixed(3)))];
  if (values.length > 16) return points.map((one) => one.truth);
  const truths = points.map((one) => one.truth);
  const room = ((Math.max(...truths) - Math.min(...truths)) / Math.max(1, values.length - 1)) * 0.3;
  return points.map((one, place) => one.truth + room * (((place * 0.618034) % 1) - 0.5));
}

function drawScatter(element, facts, points, name) {
  const truths = points.map((one) => one.truth);
  const [low, high] = [Math.min(...truths), Math.max(...truths)];
  const trace = {
    type: "scatter",
    mode: "markers",
    x: spreadOut(points),
    y: points.map((one) => one.value),
    customdata: points.map((one) => [facts.ids[one.clip], shown(one.truth), shown(one.error, 2), one.clip]),
    hovertemplate:
      "<b>%{customdata[0]}</b><br>truth %{customdata[1]}<br>prediction %{y:.3f}<br>off by %{customdata[2]}<extra></extra>",
    marker: { size: 6, opacity: 0.8, color: points.map((one) => clipColour(facts, one.clip)) },
  };
  const ideal = {
    type: "scatter", mode: "lines", x: [low, high], y: [low, high], hoverinfo: "skip",
    line: { color: cssColour("grey"), width: 1, dash: "dot" },
  };
  const layout = baseLayout({
    xaxis: { title: { text: `truth: ${name}` }, zeroline: false },
    yaxis: { title: { text: "out-of-fold prediction" }, zeroline: false },
  });
  return Plotly.react(element, [ideal, trace], layout, CHART_OPTIONS);
}

/** What the colours mean. */
function drawColours(element, facts) {
  const entry = (color, text) => {
    const item = document.createElement("span");
    const dot = document.createElement("i");
    dot.style.background = color;
    item.append(dot, text);
    return item;
  };
  let entries = [];
  let words = "";
  if (facts.direction_deg) {
    words = "Colour: direction of motion, y up";
    const turns = [...new Set(facts.direction_deg)].sort((one, two) => one - two);
    const few = turns.length <= 12 ? turns : [0, 45, 90, 135, 180, 225, 270, 315];
    entries = few.map((turn) => entry(hueColour(turn), `${Math.round(turn)}°`));
  } else if (facts.block) {
    words = "Colour: block of movies";
    entries = [...new Set(facts.block)].map((name, number) => entry(curveColour(number), name));
  }
  element.replaceChildren(words, ...entries);
}
