/** A mistyped command: names the nearest one. */
import type { Hook } from '@oclif/core';
import { distance } from 'fastest-levenshtein';
import { DcacheError } from '../../base/errors.js';

/** Letters that may be wrong in what is taken for a typing mistake. */
const MAX_DISTANCE = 3;

const hook: Hook<'command_not_found'> = ({ id, argv = [], config }) => {
  // oclif hands over everything that was typed, since it cannot tell where the command ends.
  const words = [...id.split(':'), ...argv].filter((word) => !word.startsWith('-'));
  const names = config.commandIDs.map((name) => name.replaceAll(':', ' '));
  const topic = names.filter((name) => name.startsWith(`${words[0]} `));
  const nearest = names
    .map((name) => ({ name, far: distance(name, words.slice(0, name.split(' ').length).join(' ')) }))
    .sort((a, b) => a.far - b.far)[0];
  const hint =
    nearest !== undefined && nearest.far <= MAX_DISTANCE
      ? `did you mean "dcache ${nearest.name}"?`
      : topic.length > 0
        ? `there is: ${topic.join(', ')}`
        : 'see `dcache --help` for the commands that there are';
  throw new DcacheError('INVALID_ARGUMENT', `there is no command "dcache ${words.slice(0, 2).join(' ')}"; ${hint}`);
};

export default hook;
