/** Builds elements. Strings become text nodes, never markup: names come from strangers. */

/**
 * @typedef {Node | string | null | undefined | false} Child
 * @typedef {Record<string, string | number | boolean | undefined | ((event: Event) => void)>} Attributes
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes] functions become listeners: `{ click: () => ... }`
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') created.addEventListener(name, value);
    else if (value === true) created.setAttribute(name, '');
    else if (value !== false && value !== undefined) created.setAttribute(name, String(value));
  }
  for (const child of children) if (child) created.append(child);
  return created;
}

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An icon of strokes on a 20 x 20 grid; decorative, so hidden from screen readers.
 *
 * @param {string} path one of ICONS
 */
export function icon(path) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', path === ICONS.play ? 'icon filled' : 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  close: 'M5 5l10 10M15 5L5 15',
  broadcast:
    'M10 11.2a1.6 1.6 0 1 0 0-3.2 1.6 1.6 0 0 0 0 3.2zM6.6 13a4.6 4.6 0 0 1 0-6.8M13.4 6.2a4.6 4.6 0 0 1 0 6.8M4.2 15.3a8 8 0 0 1 0-11.4M15.8 3.9a8 8 0 0 1 0 11.4',
  play: 'M7 4.5v11l8.5-5.5z',
  stop: 'M5.5 5.5h9v9h-9z',
  muted: 'M3.5 8v4h3l4 3.5v-11L6.5 8zM13.5 8l4 4M17.5 8l-4 4',
  sound: 'M3.5 8v4h3l4 3.5v-11L6.5 8zM13.5 7.500a3.5 3.5 0 0 1 0 5M15.5 5.500a6.5 6.5 0 0 1 0 9',
  full: 'M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4',
  copy: 'M7.5 7.500h8v8h-8zM12.5 7.500v-3h-8v8h3',
  done: 'M4.5 10.500l3.5 3.5 7.5-8',
  people:
    'M7.5 9.500a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.400zM2.5 16c.3-3 2.3-4.3 5-4.300s4.7 1.3 5 4.300M13 9.300a2.4 2.4 0 1 0-.6-4.600M14.2 11.800c2 .3 3.1 1.6 3.3 3.7',
};

/**
 * A sparkline: the shape of the last values, without numbers.
 *
 * @param {readonly number[]} values
 * @param {number} width pixels
 * @param {number} height pixels
 */
export function sparklinePath(values, width, height) {
  if (values.length < 2) return '';
  const top = Math.max(...values) || 1;
  // Not from zero, which would flatten everything, but never closer than a tenth: noise is not drama.
  const bottom = Math.min(Math.min(...values), top * 0.9);
  const step = width / (values.length - 1);
  return values
    .map((value, index) => {
      const y = height - 1 - ((value - bottom) / (top - bottom)) * (height - 2);
      return `${index === 0 ? 'M' : 'L'}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}

/**
 * @param {number} width
 * @param {number} height
 */
export function sparkline(width, height) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.setAttribute('class', 'sparkline');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('preserveAspectRatio', 'none');
  const line = document.createElementNS(SVG, 'path');
  svg.append(line);
  return {
    svg,
    /** @param {readonly number[]} values */
    draw: (values) => line.setAttribute('d', sparklinePath(values, width, height)),
  };
}
