/**
 * A node as a child process of `cluster start`: started, started anew when it has left and asks for it (EXIT_RESTART, the answer to
 * `cluster restart`), stopped. A node that ends in any other way stays down: somebody should look at its log.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT_RESTART } from '../base/errors.js';

const DCACHE = fileURLToPath(new URL('../../bin/dcache', import.meta.url));
/** Tells a node that somebody starts it again when it ends with EXIT_RESTART. */
const SUPERVISED = 'DCACHE_SUPERVISED';

/** Whether this process was started by a supervisor that is still there. */
export function isSupervised(): boolean {
  return process.env[SUPERVISED] === '1' && process.connected;
}

export class SupervisedNode {
  readonly nodeId: string;
  readonly logFile: string;
  /** Resolves with how it has ended when it is not started again. */
  readonly exited: Promise<string>;
  private readonly flags: readonly string[];
  private readonly onRestart: () => void;
  private child: ChildProcess;
  private stopping = false;
  private resolveExited: (how: string) => void = () => undefined;

  /** @param folder of its data and its log. @param flags of `node start` */
  constructor(nodeId: string, folder: string, flags: readonly string[], onRestart: () => void) {
    this.nodeId = nodeId;
    this.flags = flags;
    this.onRestart = onRestart;
    this.logFile = join(folder, 'node.log');
    mkdirSync(folder, { recursive: true });
    this.exited = new Promise((resolve) => (this.resolveExited = resolve));
    this.child = this.spawn();
  }

  /** It ends in its own time, or at once with SIGKILL, and is not started again. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.stopping = true;
    this.child.kill(signal);
  }

  private spawn(): ChildProcess {
    const log = openSync(this.logFile, 'a');
    const child = spawn(process.execPath, [DCACHE, 'node', 'start', ...this.flags], {
      // By the channel a node notices when this process is gone (run-node.ts).
      stdio: ['ignore', log, log, 'ipc'],
      // Ctrl-C reaches the whole terminal group; the nodes are told to stop by this process, in its own time.
      detached: true,
      env: { ...process.env, [SUPERVISED]: '1' },
    });
    closeSync(log);
    child.once('exit', (code, signal) => {
      if (code === EXIT_RESTART && !this.stopping) {
        this.onRestart();
        this.child = this.spawn();
      } else this.resolveExited(signal === null ? `has ended with exit code ${code}` : `was ended by ${signal}`);
    });
    child.once('error', (error) => this.resolveExited(`could not be started: ${error.message}`));
    return child;
  }
}
