/** The program behind `npm run nemesis`. */
import { nemesis } from './cli.js';

// Nodes end with this process (node-process.ts), if only it ends in order: a paused one would not notice by itself.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

process.exitCode = await nemesis(process.argv.slice(2), (line) => console.log(line));
