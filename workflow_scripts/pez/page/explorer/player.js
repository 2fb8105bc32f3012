// The clips that are predicted worst, played from strips of frames.

const FRAMES_PER_SECOND = 10;
const SIDE = 96; // of a frame, pixels of the strip

function drawFrame(canvas, strip, frame) {
  canvas.getContext("2d").drawImage(strip, frame * SIDE, 0, SIDE, SIDE, 0, 0, canvas.width, canvas.height);
}

/** A clip with a button that plays it once, and again. */
function clipPlayer(name, strip) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "player";
  button.setAttribute("aria-label", `Play clip ${name}`);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 2 * SIDE;
  const mark = document.createElement("span");
  mark.className = "play";
  mark.textContent = "▶";
  mark.setAttribute("aria-hidden", "true");
  button.append(canvas, mark);
  const picture = new Image();
  picture.addEventListener("load", () => drawFrame(canvas, picture, 0));
  picture.src = strip.picture;
  let timer = null;
  const stop = () => {
    window.clearInterval(timer);
    timer = null;
    button.classList.remove("playing");
  };
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    let frame = 0;
    button.classList.add("playing");
    timer = window.setInterval(() => {
      if (!button.isConnected) return stop();
      drawFrame(canvas, picture, frame % strip.frames);
      button.dataset.frame = frame % strip.frames;
      frame += 1;
      if (frame === 3 * strip.frames) stop();
      return undefined;
    }, 1000 / FRAMES_PER_SECOND);
    return undefined;
  });
  return button;
}

/** The worst of `points`, those that the page has pictures of with a player. */
function drawWorst(element, facts, points, unit) {
  const worst = points.slice().sort((one, two) => two.error - one.error).slice(0, 6);
  element.replaceChildren(
    ...worst.map((one) => {
      const name = facts.ids[one.clip];
      const strip = facts.strips[name];
      const item = document.createElement("li");
      if (strip) {
        item.append(clipPlayer(name, strip));
      } else {
        const without = document.createElement("div");
        without.className = "without";
        without.textContent = "no picture in this page";
        item.append(without);
      }
      const words = document.createElement("p");
      const title = document.createElement("b");
      title.textContent = name;
      words.append(title, document.createElement("br"));
      words.append(`truth ${shown(one.truth, 2)}, predicted ${shown(one.value, 2)}`, document.createElement("br"));
      words.append(`off by ${shown(one.error, 2)}${unit}`);
      item.append(words);
      return item;
    }),
  );
}
