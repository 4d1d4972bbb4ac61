/** Child processes of the tools. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './files.mjs';

/** Something the developer has to mend. Its message is all there is to say: no stack is shown. */
export class ToolError extends Error {
  /** @param {string} message what is wrong and what to do @param {number} exitCode */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** One line on stderr, so that stdout stays clean for the command that is being prepared. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** `command` and `args` of an installed tool, started through this Node: `.bin` shims differ between systems. */
export function installedTool(script, ...args) {
  return [process.execPath, join(ROOT, 'node_modules', script), ...args];
}

const cannotStart = (command, error) => new ToolError(`${command} cannot be started: ${error.message}`, 127);

/** The exit code that a shell would report. */
function shellExitCode(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 0);
}

/**
 * Runs a command at the top of the project and collects what it prints.
 * @returns {Promise<{exitCode: number, output: string}>} stdout and stderr in the order they came
 */
export function runCaptured([command, ...args], { env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => reject(cannotStart(command, error)));
    child.on('close', (code, signal) =>
      resolve({ exitCode: shellExitCode(code, signal), output: Buffer.concat(chunks).toString() }),
    );
  });
}

/**
 * Runs a command at the top of the project on this terminal. Signals sent to this process reach the child, and this
 * process lives until the child has ended, so that nothing is left behind.
 * @returns {Promise<number>} its exit code, 128 + n when signal n ended it
 */
export function runAttached([command, ...args], { stdout = 'inherit', shell = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, shell, stdio: ['inherit', stdout, 'inherit'] });
    const forward = (signal) => {
      // Ctrl-C reaches the whole foreground group by itself; a second one would cut the child's clean shutdown short.
      if (signal === 'SIGINT' && onTerminal) return;
      child.kill(signal);
    };
    const onTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    const settle = (finish) => {
      for (const signal of signals) process.off(signal, forward);
      finish();
    };
    child.on('error', (error) => settle(() => reject(cannotStart(command, error))));
    child.on('close', (code, signal) => settle(() => resolve(shellExitCode(code, signal))));
  });
}

/** Runs the main function of a tool and turns its result or failure into an exit code. */
export async function runMain(main) {
  try {
    process.exitCode = (await main(process.argv.slice(2))) ?? 0;
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    say(error.message);
    process.exitCode = error.exitCode;
  }
}
