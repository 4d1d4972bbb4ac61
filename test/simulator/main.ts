/** The program behind `npm run simulate`. */
import { simulate } from './cli.js';

process.exitCode = await simulate(process.argv.slice(2), (line) => console.log(line));
