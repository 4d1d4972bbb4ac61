/** A question to the person at the terminal. */
import { createInterface } from 'node:readline/promises';

/** Asks on stderr, so that stdout stays for the answer; undefined without a terminal. Only "yes" is a yes. */
export function askPerson(): ((question: string) => Promise<boolean>) | undefined {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  return async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return (await lines.question(`${question} Type "yes": `)).trim().toLowerCase() === 'yes';
    } finally {
      lines.close();
    }
  };
}
