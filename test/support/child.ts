/** One child process of a scene: what it has printed so far, and how it ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { until } from './until.js';

export interface Ended {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  readonly cwd: string;
  /** Added to the environment, from which every DCACHE_ variable of the caller is taken out. */
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of Node itself. */
  readonly execArgv?: readonly string[];
  /** Written to stdin, which is closed then; without it stdin is empty. */
  readonly input?: string | Uint8Array;
}

/** Children that live now: a test run that is cut short must not leave any behind. */
const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

export class Child {
  readonly name: string;
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;
  private readonly parts: { readonly stdout: string[]; readonly stderr: string[] } = { stdout: [], stderr: [] };
  private end: Ended | undefined;

  /** @param name for messages of failed tests. @param args of Node, the script first. */
  constructor(name: string, args: readonly string[], { cwd, env = {}, execArgv = [], input }: ChildOptions) {
    this.name = name;
    const inherited = Object.entries(process.env).filter(([variable]) => !variable.startsWith('DCACHE_'));
    const child = spawn(process.execPath, [...execArgv, ...args], {
      cwd,
      env: { ...Object.fromEntries(inherited), ...env },
    });
    this.child = child;
    living.add(child);
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.parts.stdout.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.parts.stderr.push(text));
    child.stdin.on('error', () => undefined); // a command that fails early does not read its input
    child.stdin.end(input ?? '');
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, signal) => {
        living.delete(child);
        this.end = { exitCode, signal };
        resolve(this.end);
      });
    });
    this.ended.catch(() => undefined); // whoever waits for the end is told
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get running(): boolean {
    return this.end === undefined;
  }

  get stdout(): string {
    return this.parts.stdout.join('');
  }

  get stderr(): string {
    return this.parts.stderr.join('');
  }

  /** Everything that a person would have seen. */
  get output(): string {
    return this.stdout + this.stderr;
  }

  /** The last lines of the output, for the message of a failed test. */
  get tail(): string {
    const how = this.end === undefined ? 'runs' : `ended: ${this.end.exitCode ?? this.end.signal}`;
    return `--- ${this.name} (pid ${this.pid}, ${how})\n${this.output.trimEnd().split('\n').slice(-8).join('\n')}`;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it in the middle of whatever it does. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** Waits until `text` is in the output; fails at once when the process ends without it. */
  async says(text: string, deadlineMs = 60_000): Promise<void> {
    await until(
      `${this.name} says "${text}"`,
      () => {
        if (this.output.includes(text)) return true;
        if (!this.running) throw new Error(`${this.name} ended without saying "${text}"\n${this.tail}`);
        return false;
      },
      { deadlineMs, onFailure: () => this.tail },
    );
  }
}
