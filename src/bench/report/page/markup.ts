/** HTML and SVG as text. What is put into a template is escaped unless it is markup itself, so that nothing of a report can become markup. */

export class Markup {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /** For the constant parts of this page only, like its style sheet. */
  static trusted(text: string): Markup {
    return new Markup(text);
  }
}

/** Nothing is put in for undefined. */
export type Insert = string | number | Markup | readonly Markup[] | undefined;

/** Tag of templates: the parts are markup, the inserts are escaped. Attributes have to be in double quotes. */
export function markup(parts: TemplateStringsArray, ...inserts: readonly Insert[]): Markup {
  return Markup.trusted(parts.map((part, i) => part + (i < inserts.length ? textOf(inserts[i]) : '')).join(''));
}

function textOf(insert: Insert): string {
  if (insert === undefined) return '';
  if (insert instanceof Markup) return insert.text;
  if (typeof insert === 'string') return escaped(insert);
  if (typeof insert === 'number') return String(insert);
  return insert.map(({ text }) => text).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Control characters, which HTML does not allow, and marks that turn the direction of text become U+FFFD. */
function escaped(text: string): string {
  return text
    .replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? '')
    .replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
