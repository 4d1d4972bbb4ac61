/** One process that a benchmark starts: its output goes to a file, and it ends with this process. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** Processes that run now: whatever way this process ends, they end with it. */
const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

const TAIL_LINES = 5;

export interface NodeProcessOptions {
  /** Gives it an IPC channel, by which nodes of dcache notice when this process is gone, `kill -9` included. */
  readonly withChannel?: boolean;
  /** Added to the environment, from which every DCACHE_ variable of the caller is taken out. */
  readonly env?: Readonly<Record<string, string>>;
}

export class NodeProcess {
  readonly name: string;
  readonly logFile: string;
  /** How it went, in words. Never rejects. */
  readonly ended: Promise<string>;
  private readonly child: ChildProcess;
  private end: string | undefined;

  constructor(
    name: string,
    command: readonly string[],
    logFile: string,
    { withChannel = false, env = {} }: NodeProcessOptions = {},
  ) {
    this.name = name;
    this.logFile = logFile;
    const log = openSync(logFile, 'a');
    const [program = '', ...args] = command;
    const inherited = Object.entries(process.env).filter(([variable]) => !variable.startsWith('DCACHE_'));
    const child = spawn(program, args, {
      stdio: withChannel ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
      // Ctrl-C reaches the whole terminal group; what was started is stopped by this process, in its own time.
      detached: true,
      env: { ...Object.fromEntries(inherited), ...env },
    });
    closeSync(log);
    this.child = child;
    living.add(child);
    this.ended = new Promise((resolve) => {
      const onEnd = (how: string): void => {
        living.delete(child);
        this.end ??= how;
        resolve(this.end);
      };
      child.once('exit', (code, signal) =>
        onEnd(signal === null ? `has ended with exit code ${code}` : `was ended by ${signal}`),
      );
      child.once('error', (error) => onEnd(`could not be started: ${error.message}`));
    });
  }

  /** 0 when it could not be started. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  get running(): boolean {
    return this.end === undefined;
  }

  /** Null while it runs, and when a signal ended it. */
  get exitCode(): number | null {
    return this.child.exitCode;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends it in the middle of whatever it does. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** The last lines that it has written. */
  tail(): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  }
}
