/** A line of text with a button that copies it. */
import { element, ICONS, icon } from './dom.js';

const SHOWN_MS = 1_500;

/** @param {string} text */
async function copy(text) {
  // Without a secure context (plain http beyond localhost) there is no clipboard API.
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = element('textarea', { class: 'offscreen', readonly: true });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/**
 * @param {string} label what the text is
 * @param {string} text
 */
export function copyLine(label, text) {
  const button = element(
    'button',
    { class: 'button quiet copy', type: 'button', 'aria-label': `Copy: ${label}`, 'data-action': 'copy' },
    icon(ICONS.copy),
  );
  button.addEventListener('click', async () => {
    try {
      await copy(text);
    } catch {
      return;
    }
    button.replaceChildren(icon(ICONS.done));
    setTimeout(() => button.replaceChildren(icon(ICONS.copy)), SHOWN_MS);
  });
  return element(
    'div',
    { class: 'copy-line' },
    element('span', { class: 'copy-label' }, label),
    element('code', { tabindex: 0 }, text),
    button,
  );
}
