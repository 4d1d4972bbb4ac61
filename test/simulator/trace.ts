/**
 * What happened in a run, as a digest that is equal for equal runs, and as lines for people if they are wanted.
 * The digest is over every event with its time and its details, in order; two lanes of 32 bits.
 */

/** Details of an event: plain values, the same in every run of the seed. */
export type TraceDetail = string | number | boolean | undefined;

export class Trace {
  private laneA = 0x811c9dc5;
  private laneB = 0x9e3779b9;
  private readonly print: ((line: string) => void) | undefined;

  /** @param print takes each event as a line */
  constructor(print?: (line: string) => void) {
    this.print = print;
  }

  record(nowMs: number, who: string, what: string, ...details: readonly TraceDetail[]): void {
    this.number(nowMs * 1000);
    this.text(who);
    this.text(what);
    for (const detail of details) {
      if (typeof detail === 'number') this.number(detail);
      else this.text(String(detail));
    }
    this.print?.(`${nowMs.toFixed(3).padStart(11)}  ${who.padEnd(8)}${what} ${details.join(' ')}`.trimEnd());
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    return [this.laneA, this.laneB].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }

  private number(value: number): void {
    const whole = Math.trunc(value);
    this.mix(whole | 0);
    this.mix(Math.trunc(whole / 2 ** 32) | 0);
  }

  private text(text: string): void {
    for (let i = 0; i < text.length; i++) this.mix(text.charCodeAt(i));
    this.mix(text.length);
  }

  private mix(word: number): void {
    this.laneA = Math.imul(this.laneA ^ word, 0x01000193);
    const rotated = (this.laneB << 13) | (this.laneB >>> 19);
    this.laneB = (Math.imul(rotated ^ word, 0x85ebca6b) + 0x27d4eb2f) | 0;
  }
}
