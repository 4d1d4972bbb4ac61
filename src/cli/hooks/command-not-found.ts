/** A mistyped command: names the nearest one. */
import type { Hook } from '@oclif/core';
import { distance } from 'fastest-levenshtein';
import { DcacheError } from '../../base/errors.js';

const hook: Hook<'command_not_found'> = ({ id, argv = [], config }) => {
  const typed = [id.replaceAll(':', ' '), ...argv.filter((word) => !word.startsWith('-'))].slice(0, 2).join(' ');
  const names = config.commandIDs.map((name) => name.replaceAll(':', ' '));
  const nearest = names.map((name) => ({ name, far: distance(name, typed) })).sort((a, b) => a.far - b.far)[0];
  const inTopic = names.filter((name) => name.startsWith(`${typed} `));
  const hint =
    inTopic.length > 0
      ? `there is: ${inTopic.join(', ')}`
      : nearest !== undefined && nearest.far <= 3
        ? `did you mean "dcache ${nearest.name}"?`
        : 'see `dcache --help` for the commands that there are';
  throw new DcacheError('INVALID_ARGUMENT', `there is no command "dcache ${typed}"; ${hint}`);
};

export default hook;
