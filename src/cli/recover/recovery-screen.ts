/** Shows what `cluster recover` sees to a person: a bar a node on a terminal; otherwise now and then a line. */
import { startBars, type ProgressBars } from '../progress-bars.js';
import { describeEvent, describeProgress, type ProgressEvent, type RecoveryEvent } from './recovery-events.js';

/** Without bars: between two lines about the same stage of a node. */
const LINE_MS = 5_000;

export class RecoveryScreen {
  private readonly say: (line: string) => void;
  private readonly bars: ProgressBars | undefined;
  /** By node: what was said last. */
  private readonly said = new Map<string, { readonly stage: string; readonly atMs: number }>();

  private constructor(say: (line: string) => void, bars: ProgressBars | undefined) {
    this.say = say;
    this.bars = bars;
  }

  /** @param say writes a line where there are no bars. @param mayShowBars if there is a terminal */
  static async open(say: (line: string) => void, mayShowBars: boolean): Promise<RecoveryScreen> {
    return new RecoveryScreen(say, mayShowBars ? await startBars() : undefined);
  }

  show(event: RecoveryEvent, nowMs: number): void {
    if (event.event === 'progress') {
      if (this.bars !== undefined) this.bars.update(event.node, event.percent, describeProgress(event));
      else if (this.isDue(event, nowMs)) this.say(describeEvent(event));
      return;
    }
    if (event.event === 'back') {
      this.bars?.remove(event.node);
      this.said.delete(event.node);
    }
    if (this.bars !== undefined) this.bars.log(describeEvent(event));
    else this.say(describeEvent(event));
  }

  close(): void {
    this.bars?.stop();
  }

  private isDue({ node, stage }: ProgressEvent, nowMs: number): boolean {
    const last = this.said.get(node);
    if (last?.stage === stage && nowMs - last.atMs < LINE_MS) return false;
    this.said.set(node, { stage, atMs: nowMs });
    return true;
  }
}
