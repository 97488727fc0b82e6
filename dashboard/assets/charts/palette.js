/** The page's colours for the chart library, which draws on a canvas and knows no CSS. */

const NAMES = [
  "ink",
  "soft",
  "rule",
  "rule-firm",
  "grid",
  "surface",
  "raised",
  "accent",
  "delay",
  "rain",
  "wind",
  "other",
  "adverse-wash",
  "sun",
  "hot",
  "cold",
  "bin-0",
  "bin-1",
  "bin-2",
  "bin-3",
  "bin-4",
  "on-middle",
  "speed-0",
  "speed-1",
  "speed-2",
  "speed-3",
  "speed-4",
];

/**
 * Each colour as the browser resolves it in the theme of this moment.
 * @returns {Record<string, string>}
 */
export function palette() {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const found = Object.fromEntries(
    NAMES.map((name) => {
      probe.style.color = `var(--${name})`;
      return [name, getComputedStyle(probe).color];
    }),
  );
  probe.remove();
  return found;
}

/** The page's own letters. */
export const family = () => getComputedStyle(document.body).fontFamily;
