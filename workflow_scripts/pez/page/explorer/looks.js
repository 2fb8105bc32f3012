// Colours and layouts that all charts share; they follow the page's light or dark scheme.

const DASHES = ["dash", "dot", "dashdot", "longdash", "longdashdot"];

function cssColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Colour of a hue at one lightness and chroma: Oklch to sRGB (B. Ottosson, "A perceptual color
 * space for image processing", 2020). */
function hueColour(degrees, lightness = 0.68, chroma = 0.14) {
  const turn = (degrees * Math.PI) / 180;
  const [a, b] = [chroma * Math.cos(turn), chroma * Math.sin(turn)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  const shown = linear.map((value) => {
    const bounded = Math.min(1, Math.max(0, value));
    const gamma = bounded <= 0.0031308 ? 12.92 * bounded : 1.055 * bounded ** (1 / 2.4) - 0.055;
    return Math.round(255 * gamma);
  });
  return `rgb(${shown.join(",")})`;
}

function curveColour(number) {
  return cssColour(`curve-${number % 4}`);
}

/** Look of the curve of a control: untrained networks in grey, others by name. */
function controlLook(name, names) {
  if (name === "untrained") return { color: cssColour("grey"), dash: "solid", width: 1.2 };
  const number = names.filter((one) => one !== "untrained").indexOf(name);
  return {
    color: hueColour(70 + 137.5 * (number + 1), 0.62, 0.12),
    dash: DASHES[number % DASHES.length],
    width: 1.6,
  };
}

function baseLayout(changes = {}) {
  const [ink, grid] = [cssColour("ink"), cssColour("line")];
  const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, automargin: true };
  return {
    font: { family: "system-ui, sans-serif", size: 13, color: ink },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 48, r: 12, t: 12, b: 44 },
    hoverlabel: {
      align: "left",
      bgcolor: cssColour("card"),
      bordercolor: grid,
      font: { color: ink, size: 13 },
    },
    hovermode: "closest",
    showlegend: false,
    dragmode: false,
    ...changes,
    xaxis: { ...axis, ...changes.xaxis },
    yaxis: { ...axis, ...changes.yaxis },
  };
}

const CHART_OPTIONS = {
  displaylogo: false,
  responsive: true,
  displayModeBar: false,
  scrollZoom: false,
};

function shown(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "none";
  return value.toFixed(digits).replace("-", "−");
}
